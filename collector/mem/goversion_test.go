package mem

import "testing"

func TestGoMinor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{
		"go1.12": 12, "go1.15.7": 15, "go1.26.8 X:greenteagc": 26, "devel go1.27-abcdef Mon": 27, "go1.27rc1": 27,
		"": 0, "go2.1": 0, "go1.": 0, "go1.99999999999999999999": 0, "devel +abc": 0,
	} {
		if got := GoMinor(version); got != want {
			t.Errorf("%q: %d, want %d", version, got, want)
		}
	}
}
