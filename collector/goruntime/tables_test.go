package goruntime

import "testing"

func TestTablesOf(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]Tables{
		"-ldflags=":   {Symbols: true, DWARF: true},
		"-ldflags=-w": {Symbols: true},
		"-ldflags=-s": {},
	} {
		c := startTarget(t, buildTarget(t, "local", flags))
		if got, err := TablesOf("/proc", c.pid); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", flags, got, err, want)
		}
	}
}
