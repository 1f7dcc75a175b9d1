package goruntime

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"whyres/collector/goruntime/internal/layout"
	"whyres/collector/mem"
)

// elfWith builds a 64-bit x86 ELF file of one symbol table with its strings.
func elfWith(symbols, names []byte) []byte {
	shstr := []byte("\x00.symtab\x00.strtab\x00.shstrtab\x00")
	const header, sectionHeader = 64, 64
	at := uint64(header)
	var body, sections bytes.Buffer
	sections.Write(make([]byte, sectionHeader))
	add := func(name uint32, kind elf.SectionType, link uint32, entry uint64, data []byte) {
		_ = binary.Write(&sections, binary.LittleEndian, elf.Section64{
			Name: name, Type: uint32(kind), Off: at, Size: uint64(len(data)), Link: link, Entsize: entry, Addralign: 1,
		})
		body.Write(data)
		at += uint64(len(data))
	}
	add(1, elf.SHT_SYMTAB, 2, symbolSize, symbols)
	add(9, elf.SHT_STRTAB, 0, 0, names)
	add(17, elf.SHT_STRTAB, 0, 0, shstr)
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Shoff: at,
		Ehsize: header, Shentsize: sectionHeader, Shnum: 4, Shstrndx: 3,
	}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, h)
	out.Write(body.Bytes())
	out.Write(sections.Bytes())
	return out.Bytes()
}

func symbolOf(nameOff uint32, value uint64) []byte {
	b := make([]byte, symbolSize)
	binary.LittleEndian.PutUint32(b, nameOff)
	b[4] = byte(elf.STT_OBJECT)
	binary.LittleEndian.PutUint16(b[6:], 1)
	binary.LittleEndian.PutUint64(b[8:], value)
	return b
}

func TestLookup(t *testing.T) {
	names := []byte("\x00runtime.allp\x00runtime.mheap_\x00")
	symbols := append(symbolOf(1, 0x1234), symbolOf(14, 0x5678)...)
	symbols = append(symbols, symbolOf(0xffffffff, 0x9)...) // its name is out of the table
	f, err := newELF(bytes.NewReader(elfWith(symbols, names)))
	if err != nil {
		t.Fatal(err)
	}
	table, ok, err := readSymtab(f, elf.SHT_SYMTAB)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	got := table.lookup(map[string]bool{"runtime.mheap_": true, "runtime.allp": true, "runtime.none": true})
	if want := (map[string]uint64{"runtime.allp": 0x1234, "runtime.mheap_": 0x5678}); !reflect.DeepEqual(got, want) {
		t.Errorf("lookup: %v, want %v", got, want)
	}
}

// FuzzOpenELF: no file may crash the reader or make it allocate wildly; what
// is found must be complete.
func FuzzOpenELF(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Add(elfWith(symbolOf(1, 2), []byte("\x00runtime.mheap_\x00")))
	f.Add(elfWith(nil, nil))
	f.Add(headOf(f, 16<<10))
	f.Fuzz(func(t *testing.T, file []byte) {
		e, err := newELF(bytes.NewReader(file))
		if err != nil {
			return
		}
		im := &image{bytes: bytes.NewReader(file), elf: e}
		_, _ = versionInFile(im)
		_ = isGo(e)
		newCFuncs(e).name(0x1000)
		if table, ok := findPclntab(e); ok {
			if g, err := newGoFuncs(table.data, 0x1000); err == nil {
				g.name(0x1000)
			}
		}
		symbols, _, _ := variableSymbols(im, 26)
		l, addrs, err := layout.FromDWARF(e, 26)
		if err != nil {
			return
		}
		w, err := newWhere(l, fromDWARF, "amd64", 26)
		if err == nil {
			err = w.place(symbols, addrs)
		}
		if err == nil && (w.layout.Check(26) != nil || w.addr["mheap_"] == 0 && len(w.addr) == 0) {
			t.Error("found variables without a layout")
		}
	})
}

// headOf is the beginning of the test's own program.
func headOf(tb testing.TB, size int64) []byte {
	tb.Helper()
	path, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, size))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestParseMapping(t *testing.T) {
	for _, tt := range []struct {
		line string
		want mapping
		ok   bool
	}{
		{
			"00400000-0047c000 r-xp 00001000 fe:00 1234                               /usr/bin/my server",
			mapping{mem.Range{Start: 0x400000, End: 0x47c000}, "r-xp", 0x1000, 1234, "/usr/bin/my server"},
			true,
		},
		{
			"c000000000-c000400000 rw-p 00000000 00:00 0                               [anon: Go: heap]",
			mapping{mem.Range{Start: 0xc000000000, End: 0xc000400000}, "rw-p", 0, 0, "[anon: Go: heap]"},
			true,
		},
		{
			"7f00-7f00 ---p 00000000 00:00 0 ",
			mapping{mem.Range{Start: 0x7f00, End: 0x7f00}, "---p", 0, 0, ""},
			true,
		},
		{"", mapping{}, false},
		{"400000-3fffff r-xp 0 fe:00 1 /x", mapping{}, false},
		{"400000-500000 r-x 0 fe:00 1 /x", mapping{}, false},
		{"400000-500000 r-xp 0 fe:00", mapping{}, false},
		{"10000000000000000-20000000000000000 r-xp 0 fe:00 1", mapping{}, false},
	} {
		got, err := parseMapping(tt.line)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("parseMapping(%q) = %+v, %v; want %+v, ok %v", tt.line, got, err, tt.want, tt.ok)
		}
	}
}

// FuzzScanMaps: any text is either understood or an error, and a line that is
// understood holds an ordered range.
func FuzzScanMaps(f *testing.F) {
	f.Add("00400000-0047c000 r-xp 00001000 fe:00 1234       /usr/bin/server\n")
	f.Add("7fff-8000 rw-p 00000000 00:00 0\n\n")
	f.Add("- - - - -")
	f.Fuzz(func(t *testing.T, text string) {
		_ = scanMaps(strings.NewReader(text), func(m mapping) bool {
			if m.End < m.Start || len(m.perms) != 4 {
				t.Errorf("accepted %+v of %q", m, text)
			}
			return true
		})
	})
}

// TestOpenSaysWhy covers the reasons that need no special program.
func TestOpenSaysWhy(t *testing.T) {
	sleep := exec.Command("/bin/sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	pid := sleep.Process.Pid
	for !becameSleep(t, pid) {
		time.Sleep(time.Millisecond)
	}
	if _, err := Open("/proc", pid); !errors.Is(err, ErrNotGo) {
		t.Errorf("Open of sleep(1): %v, want ErrNotGo", err)
	}
	if err := sleep.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = sleep.Wait()
	if _, err := Open("/proc", pid); !errors.Is(err, ErrGone) {
		t.Errorf("Open of an ended process: %v, want ErrGone", err)
	}
	for version, want := range map[string]error{
		"go1.11.13": ErrTooOld, "go1.9": ErrTooOld, "go1.12": nil, "go1.27.4": nil,
		"devel go1.28-abcdef": nil, "go1.26.8-X:nogreenteagc": nil,
	} {
		if err := supported(version); !errors.Is(err, want) {
			t.Errorf("supported(%s): %v, want %v", version, err, want)
		}
	}
}

// becameSleep reports whether the process runs sleep(1), or what stands for it
// on this system. In the middle of an exec(2) the link can be absent.
func becameSleep(t *testing.T, pid int) bool {
	t.Helper()
	exe, err := os.Readlink(filepath.Join("/proc", itoa(pid), "exe"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	want, err := filepath.EvalSymlinks("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	return exe == want
}

// TestDWARFWithoutSymtab hides the symbol table of a program: the addresses come
// from DWARF.
func TestDWARFWithoutSymtab(t *testing.T) {
	t.Parallel()
	program := buildTarget(t, "local", "-buildmode=pie")
	hideSymtab(t, program)
	c := startTarget(t, program)
	target, err := Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	if target.Binary.CgoKnown {
		t.Error("CgoKnown, without the symbol that tells")
	}
	c.holds(t, func(said map[string]uint64) []string {
		s, err := target.MemStats()
		if err != nil {
			t.Fatal(err)
		}
		return compare(s, said)
	})
}

// hideSymtab changes the type of the section header of .symtab.
func hideSymtab(t *testing.T, program string) {
	t.Helper()
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	headers := binary.LittleEndian.Uint64(b[0x28:]) // e_shoff
	for i, s := range f.Sections {
		if s.Type == elf.SHT_SYMTAB {
			const shType, headerSize = 4, 64
			binary.LittleEndian.PutUint32(b[headers+uint64(i*headerSize+shType):], uint32(elf.SHT_PROGBITS))
		}
	}
	if err := os.WriteFile(program, b, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestNotPermitted opens a process of root as another user.
func TestNotPermitted(t *testing.T) {
	if os.Getenv("GORUNTIME_OPEN") != "" {
		pid, _ := strconv.Atoi(os.Getenv("GORUNTIME_OPEN"))
		_, err := Open("/proc", pid)
		if !errors.Is(err, ErrNoPermission) {
			t.Errorf("Open: %v, want ErrNoPermission", err)
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "goruntime")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "test")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(program, self, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestNotPermitted$")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GORUNTIME_OPEN="+itoa(os.Getpid()))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

// TestTargetGone: a read after the end says so.
func TestTargetGone(t *testing.T) {
	t.Parallel()
	c := startTarget(t, buildTarget(t, "local"))
	target, err := Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	c.end()
	if _, err := target.MemStats(); !errors.Is(err, ErrGone) {
		t.Errorf("MemStats of an ended process: %v, want ErrGone", err)
	}
}

// TestTargetBecomesAnotherProgram: after exec(2), nothing of the new program is
// taken for the Go runtime's numbers.
func TestTargetBecomesAnotherProgram(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-buildmode=pie"}} {
		c := startTarget(t, buildTarget(t, "local", args...))
		target, err := Open("/proc", c.pid)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.stdin.Write([]byte{'x'}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Kill(c.pid, syscall.SIGKILL) })
		for !becameSleep(t, c.pid) {
			time.Sleep(time.Millisecond)
		}
		if s, err := target.MemStats(); !errors.Is(err, ErrUnmapped) && !errors.Is(err, ErrMismatch) {
			t.Errorf("%v: MemStats after exec: %+v, %v; want ErrUnmapped or ErrMismatch", args, s, err)
		}
	}
}

// TestCounterAddrs reads the counters where CounterAddrs says they are.
func TestCounterAddrs(t *testing.T) {
	t.Parallel()
	c := startTarget(t, buildTarget(t, "local", "-buildmode=pie"))
	target, err := Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	a, ok := target.CounterAddrs()
	if !ok {
		t.Fatal("no counter addresses")
	}
	c.holds(t, func(said map[string]uint64) (problems []string) {
		for _, counter := range []struct {
			name string
			addr mem.Addr
			want uint64
		}{
			{"heapInUse", a.HeapInUse, said["HeapInuse"]},
			{"heapReleased", a.HeapReleased, said["HeapReleased"]},
			{"heapFree", a.HeapFree, said["HeapIdle"] - said["HeapReleased"]},
		} {
			got, err := target.memory.word(uint64(counter.addr))
			if err != nil || got != counter.want {
				problems = append(problems, fmt.Sprintf("%s: %d, %v; want %d", counter.name, got, err, counter.want))
			}
		}
		return problems
	})
}

// marksEqualPauses: the ends of the target's GCs, as ReadMemStats tells them on
// the wall clock, come out as marks at the same distances. The target asked for
// its last GC itself, the others are the pacer's.
func marksEqualPauses(t *testing.T, target *Target, c child) {
	t.Helper()
	marks, seen, err := target.GCMarks(GCSeen{})
	if err != nil {
		t.Fatal(err)
	}
	if len(marks) != int(c.said["NumGC"]) || seen.NumGC != uint32(c.said["NumGC"]) || seen.NumForcedGC != 1 {
		t.Fatalf("%d marks, seen %+v; ReadMemStats says %d GCs", len(marks), seen, c.said["NumGC"])
	}
	for i, name := range []string{"PauseEnd1", "PauseEnd2"} {
		if len(marks) < i+2 {
			t.Fatalf("only %d GCs: the target is to make three", len(marks))
		}
		got := uint64(marks[i+1].At - marks[0].At)
		if want := c.said[name] - c.said["PauseEnd0"]; got != want {
			t.Errorf("GC %d ended %d ns after the first, ReadMemStats says %d", i+2, got, want)
		}
	}
	if again, _, err := target.GCMarks(seen); err != nil || len(again) != 0 {
		t.Errorf("marks without a new GC: %v, %v", again, err)
	}
}
