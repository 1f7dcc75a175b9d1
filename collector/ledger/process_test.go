package ledger_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"

	"whyres/collector/kernel"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// What the child holds, known by construction.
const (
	mib      = 1 << 20
	liveSize = 64 * mib
	dead     = 32 * mib
	fileSize = 16 * mib
	mmapSize = 8 * mib
	// childFile names the file to map; set, it makes this binary the child.
	childFile = "WHYRES_LEDGER_TEST_FILE"
)

// childSays is what the child knows of itself.
type childSays struct {
	Stats runtime.MemStats
	// Marked is HeapAlloc right after a GC.
	Marked uint64
	// Objects are the addresses of heap objects.
	Objects []uint64
}

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		if err := child(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child takes the memory, says what it has, and waits for its input to end.
func child(path string) error {
	debug.SetGCPercent(-1)
	live := make([][]byte, liveSize/mib)
	for i := range live {
		live[i] = touched(make([]byte, mib))
	}
	runtime.GC()
	var said childSays
	runtime.ReadMemStats(&said.Stats)
	said.Marked = said.Stats.HeapAlloc
	for range dead / mib {
		said.Objects = append(said.Objects, address(touched(make([]byte, mib))))
	}
	for _, b := range live {
		said.Objects = append(said.Objects, address(b))
	}
	file, err := mapped(path)
	if err != nil {
		return err
	}
	anon, err := syscall.Mmap(-1, 0, mmapSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	touched(anon)
	runtime.ReadMemStats(&said.Stats)
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(live)
	runtime.KeepAlive(file)
	return err
}

func touched(b []byte) []byte {
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}

func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&b[0]))) }

// mapped maps a file and reads each page.
func mapped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := syscall.Mmap(int(f.Fd()), 0, fileSize, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	var sum byte
	for i := 0; i < len(data); i += 4096 {
		sum += data[i]
	}
	if sum != 0 {
		return nil, fmt.Errorf("%s should hold zeroes", path)
	}
	return data, nil
}

// A real process, its parts known by construction and by its own ReadMemStats.
func TestLedgerOfARealProcess(t *testing.T) {
	said, s, p := observe(t)
	l := ledger.Build(&s, p)
	t.Logf("RES %s, warnings %q", ledger.Size(l.RES), l.Warnings)
	var sum int64
	for _, part := range l.Parts {
		t.Logf("%-22s %12s  %s", part.ID, ledger.Size(part.Bytes), part.What)
		if part.Parent == "" {
			sum += part.Bytes
		}
	}
	if sum != s.RSS.Total() {
		t.Errorf("the top sums to %d, RES is %d", sum, s.RSS.Total())
	}
	near := func(id string, want, slack int64) {
		t.Helper()
		if got := l.Leaf(id); got < want-slack || got > want+slack {
			t.Errorf("%s = %s, want %s within %s", id, ledger.Size(got), ledger.Size(want), ledger.Size(slack))
		}
	}
	near(ledger.HeapLive, liveSize, mib)
	near(ledger.HeapGarbage, dead, mib)
	near(ledger.HeapHoles, int64(said.Stats.HeapInuse-said.Stats.HeapAlloc), mib/2)
	// A test binary may be linked with the C library: up to 4 MiB more.
	near(ledger.FileMapped, fileSize+2*mib, 2*mib)
	near(ledger.Unexplained, 0, mib)
	if underRace {
		if got := l.Leaf(ledger.OffHeap); got < mmapSize {
			t.Errorf("%s = %s, want at least the %s that were mapped", ledger.OffHeap, ledger.Size(got), ledger.Size(mmapSize))
		}
		return
	}
	// The mmap is longer than the runtime's own memory in all; it is told
	// whole unless the kernel joined a mapping of the runtime's to it.
	near(ledger.OffHeap, mmapSize+mib/2, mib/2)
	if got, most := l.Leaf(ledger.Metadata), int64(said.Stats.GCSys+said.Stats.OtherSys+said.Stats.MSpanSys+said.Stats.MCacheSys+said.Stats.BuckHashSys); got <= 0 || got > most+mib {
		t.Errorf("%s = %s, want at most about %s of the runtime's own counters", ledger.Metadata, ledger.Size(got), ledger.Size(most))
	}
}

// observe starts the child and takes a full sample of it. The Go heap's pages
// are made from the child's own ReadMemStats, and their residency measured.
func observe(t *testing.T) (childSays, mem.Sample, mem.Process) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, make([]byte, fileSize), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childFile+"="+path)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	var said childSays
	if err := json.NewDecoder(bufio.NewReader(stdout)).Decode(&said); err != nil {
		t.Fatal(err)
	}
	s, p := look(t, cmd.Process.Pid)
	s.MemStats = statsOf(said)
	s.Pages = pagesOf(said)
	return said, s, p
}

func look(t *testing.T, pid int) (mem.Sample, mem.Process) {
	t.Helper()
	proc, err := kernel.Default().Open(pid, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	id, err := proc.Identity()
	if err != nil {
		t.Fatal(err)
	}
	s, err := proc.Light()
	if err != nil {
		t.Fatal(err)
	}
	if err := proc.Full(&s); err != nil {
		t.Fatal(err)
	}
	return s, mem.Process{PID: pid, Comm: id.Comm, Exe: id.Exe, GoVersion: runtime.Version()}
}

func statsOf(said childSays) *mem.MemStats {
	m := &said.Stats
	return &mem.MemStats{
		Source: "memory", HeapWalked: true, HeapAlloc: m.HeapAlloc, HeapMarked: said.Marked, NumGC: m.NumGC,
		MSpanSys: m.MSpanSys, MCacheSys: m.MCacheSys, GCSys: m.GCSys, OtherSys: m.OtherSys, BuckHashSys: m.BuckHashSys,
	}
}

// pagesOf takes what is in use and idle as resident: the child has touched its
// objects, and released nothing.
func pagesOf(said childSays) *mem.GoPages {
	const arena = 64 * mib
	low, high := said.Objects[0], said.Objects[0]
	for _, a := range said.Objects {
		low, high = min(low, a), max(high, a)
	}
	whole := func(n uint64) mem.Amount { return mem.Amount{Bytes: n, Resident: n} }
	return &mem.GoPages{
		Arenas: []mem.Range{{Start: mem.Addr(low &^ (arena - 1)), End: mem.Addr(high&^(arena-1) + arena)}},
		InUse:  whole(said.Stats.HeapInuse), Stacks: whole(said.Stats.StackInuse),
		Idle: whole(said.Stats.HeapIdle - said.Stats.HeapReleased), Agrees: true,
	}
}
