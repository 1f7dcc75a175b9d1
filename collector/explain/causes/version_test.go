package causes

import (
	"testing"

	"whyres/collector/mem"
)

func TestRelease(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]release{
		"go1.21.3": {21, 3}, "go1.14": {14, 0}, "go1.21rc2": {21, 0}, "go1.26.8 X:greenteagc": {26, 8},
		"go1.24.13-distro2": {24, 13}, "go1.24.": {24, 0},
	} {
		f := Facts{Process: mem.Process{GoVersion: version}}
		if got, known := f.release(); got != want || !known {
			t.Errorf("%q: %v, %v, want %v", version, got, known, want)
		}
	}
	for _, version := range []string{"", "devel go1.27-abcdef", "go2.1", "go1.", "go1.99999999999"} {
		f := Facts{Process: mem.Process{GoVersion: version}}
		if got, known := f.release(); known {
			t.Errorf("%q: %v, want unknown", version, got)
		}
	}
}

func TestBuiltWith(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"go1.20.14": false, "go1.21.0": false, "go1.21.1": true, "go1.21.3": true, "go1.21.4": false, "go1.22.2": false, "": false,
	} {
		f := Facts{Process: mem.Process{GoVersion: version}}
		if got := f.builtWith(release{21, 1}, release{21, 3}); got != want {
			t.Errorf("%q: %v, want %v", version, got, want)
		}
	}
}
