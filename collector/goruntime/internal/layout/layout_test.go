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
// fields that are read, and every minor release is there.
func TestTableIsComplete(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		uses, err := usesOf(layoutsText, arch)
		if err != nil {
			t.Fatal(err)
		}
		minors := map[int]int{}
		for _, u := range uses {
			l, err := layoutOf(layoutsText, u.layout)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Check(u.version.Minor); err != nil {
				t.Errorf("%v %s: %v", u.version, arch, err)
			}
			minors[u.version.Minor]++
		}
		for minor := 12; minor <= 27; minor++ {
			if minors[minor] < 2 {
				t.Errorf("%d layouts of Go 1.%d on %s, want the first and the last patch", minors[minor], minor, arch)
			}
		}
	}
}

func TestFromTable(t *testing.T) {
	for _, tt := range []struct {
		version string
		known   bool
	}{
		{"go1.26.8", true},
		{"go1.26.3", true},   // 1.26.0 and 1.26.8 are equal
		{"go1.26.99", false}, // after the last known
		{"go1.16.3", false},  // 1.16 and 1.16.15 differ
		{"go1.26rc1", false},
		{"go1.25.8 X:greenteagc", true},
		{"go1.25.1 X:greenteagc", false},
		{"go1.26.8 X:someday", false},
		{"go1.12", true},
		{"go1.11.13", false},
		{"go1.99", false},
	} {
		v, _ := ParseVersion(tt.version)
		l, err := FromTable(v, "amd64")
		if (err == nil) != tt.known || (l != nil) != tt.known || err != nil && !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %d fields, %v; want it known: %v", tt.version, len(l), err, tt.known)
		}
	}
}

func TestStandIns(t *testing.T) {
	for _, tt := range []struct{ version, want string }{
		{"go1.26.99", "go1.26.8"},
		{"go1.16.3", "go1.16 go1.16.15"},
		{"go1.25.1 X:greenteagc", "go1.25.8 X:greenteagc"},
		{"go1.26.8 X:someday", "go1.26.8"},
		{"go1.28.1", "go1.27.4"},
		{"go1.28-X:nogreenteagc", "go1.27.4 X:nogreenteagc"},
	} {
		v, _ := ParseVersion(tt.version)
		found, err := StandIns(v, "amd64")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range found {
			names = append(names, s.Of.String())
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got+" ", tt.want+" ") || len(found) > maxStandIns {
			t.Errorf("%s: %s stand in, want first %s", tt.version, got, tt.want)
		}
	}
}

// BenchmarkFromTable: what it costs to open one more process.
func BenchmarkFromTable(b *testing.B) {
	for b.Loop() {
		if _, err := FromTable(Version{Minor: 26, Patch: 8}, "amd64"); err != nil {
			b.Fatal(err)
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
	fromTable, err := FromTable(v, runtime.GOARCH)
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
	fromDWARF, addrs, err := FromDWARF(f, v.Minor)
	if err != nil {
		t.Fatal(err)
	}
	if fromDWARF.String() != fromTable.String() {
		t.Errorf("%s: DWARF says\n%s\nthe table says\n%s", v, fromDWARF, fromTable)
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
	if compared != len(addrs) || compared < 5 {
		t.Errorf("%d of %d variables compared", compared, len(addrs))
	}
}

func FuzzFromDWARF(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(_ *testing.T, file []byte) {
		e, err := elf.NewFile(bytes.NewReader(file))
		if err == nil {
			_, _, _ = FromDWARF(e, 26)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add("use go1.26.8 amd64 - a\nlayout a\nmspan 160\n")
	f.Add("layout a b\n")
	f.Fuzz(func(t *testing.T, text string) {
		if uses, err := usesOf(text, "amd64"); err != nil && uses != nil {
			t.Error("an error and uses")
		}
		if l, err := layoutOf(text, "a"); err != nil && l != nil {
			t.Error("an error and a layout")
		}
	})
}
