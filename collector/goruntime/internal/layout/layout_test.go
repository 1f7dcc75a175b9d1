package layout

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Version
		ok   bool
	}{
		{"go1.19", Version{Minor: 19}, true},
		{"go1.26.8", Version{Minor: 26, Patch: 8}, true},
		{"go1.27rc1", Version{Minor: 27, Pre: "rc1"}, true},
		{"go1.25.8 X:greenteagc", Version{Minor: 25, Patch: 8, Experiments: "greenteagc"}, true},
		{"go1.26.8-X:nogreenteagc", Version{Minor: 26, Patch: 8, Experiments: "nogreenteagc"}, true},
		{"go1.22.1 X:b,a", Version{Minor: 22, Patch: 1, Experiments: "a,b"}, true},
		{"go1.21.13 (Red Hat 1.21.13-1.el9)", Version{Minor: 21, Patch: 13}, true},
		{"devel go1.28-abcdef Mon", Version{Minor: 28}, false},
		{"go1.28-devel_abcdef", Version{Minor: 28}, false},
		{"go2.0", Version{}, false},
		{"go1.", Version{}, false},
		{"go1.99999999999999999999", Version{Minor: 999999}, false},
		{"", Version{}, false},
	} {
		got, ok := ParseVersion(tt.in)
		if got != tt.want || ok != tt.ok {
			t.Errorf("ParseVersion(%q) = %+v, %v; want %+v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// TestTableIsComplete: every line of the table leads to a layout with all the
// fields that are read.
func TestTableIsComplete(t *testing.T) {
	layouts, uses, err := parse(layoutsText)
	if err != nil {
		t.Fatal(err)
	}
	minors := map[int]bool{}
	for _, u := range uses {
		if err := layouts[u.layout].Check(); err != nil {
			t.Errorf("%v %s: %v", u.version, u.arch, err)
		}
		minors[u.version.Minor] = true
	}
	for minor := 19; minor <= 27; minor++ {
		if !minors[minor] {
			t.Errorf("no layout of Go 1.%d", minor)
		}
	}
}

func TestFromTableNearest(t *testing.T) {
	for _, tt := range []struct {
		version, standsIn string
		err               error
	}{
		{"go1.26.8", "", nil},
		{"go1.26.3", "go1.26.0", nil},
		{"go1.26.99", "go1.26.8", nil},
		{"go1.25.1 X:greenteagc", "go1.25.8", nil},
		{"go1.26.8 X:someday", "", ErrUnknown},
		{"go1.12", "", ErrUnknown},
	} {
		v, _ := ParseVersion(tt.version)
		l, note, err := FromTable(v, "amd64")
		if !errors.Is(err, tt.err) || (err == nil) != (l != nil) {
			t.Errorf("%s: %v, want %v", tt.version, err, tt.err)
		}
		if (tt.standsIn == "") != (note == "") || !strings.Contains(note, tt.standsIn) {
			t.Errorf("%s: note %q, want one that names %q", tt.version, note, tt.standsIn)
		}
	}
}

// TestTableEqualsDWARF: what the local toolchain's DWARF says of a program is
// what the table says of that toolchain.
func TestTableEqualsDWARF(t *testing.T) {
	v, ok := ParseVersion(runtime.Version())
	if !ok {
		t.Skipf("%s is not a release", runtime.Version())
	}
	fromTable, note, err := FromTable(v, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	const program = "package main\n\nimport \"runtime\"\n\nvar s runtime.MemStats\n\nfunc main() { runtime.ReadMemStats(&s) }\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", "target", "main.go")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PWD="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	f, err := elf.Open(filepath.Join(dir, "target"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	fromDWARF, addrs, err := FromDWARF(f)
	if err != nil {
		t.Fatal(err)
	}
	if fromDWARF.String() != fromTable.String() {
		t.Errorf("%s (%s): DWARF says\n%s\nthe table says\n%s", v, note, fromDWARF, fromTable)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, s := range symbols {
		if addr, ok := addrs[s.Name]; ok {
			compared++
			if addr != s.Value {
				t.Errorf("%s at %#x by DWARF, at %#x by the symbol table", s.Name, addr, s.Value)
			}
		}
	}
	if compared != 5 {
		t.Errorf("%d variables compared, want 5", compared)
	}
}

func FuzzFromDWARF(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(_ *testing.T, file []byte) {
		e, err := elf.NewFile(bytes.NewReader(file))
		if err == nil {
			_, _, _ = FromDWARF(e)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("use go1.26.8 amd64 - a\nlayout a\nmspan 160\n")
	f.Add("layout a b\n")
	f.Fuzz(func(t *testing.T, text string) {
		layouts, uses, err := parse(text)
		if err != nil && (layouts != nil || uses != nil) {
			t.Error("an error and a table")
		}
	})
}
