package kernel

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// A stopped shell has one thread, whose stack the kernel itself names.
func TestThreadStacksOfAStoppedProcess(t *testing.T) {
	p, err := Default().Open(stopped(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sps, err := p.ThreadStacks()
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Smaps()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(m.VMAs, func(v mem.VMA) bool { return v.Path == "[stack]" })
	if len(sps) != 1 || i < 0 || !m.VMAs[i].Contains(sps[0]) {
		t.Errorf("stack pointers %v, want one in the mapping [stack]", sps)
	}
}

func TestParseStackPointer(t *testing.T) {
	for line, want := range map[string]mem.Addr{
		"running\n": 0,
		"":          0,
		"34 0x0 0x0 0x2 0x8 0x0 0x7ffcfd8343d7 0x7f907b7fdeb0 0x7f90d9cc0df2\n": 0x7f907b7fdeb0,
		"-1 0x7ffcfd833bb8 0x409aae\n":                                          0x7ffcfd833bb8,
	} {
		if got, err := parseStackPointer([]byte(line)); got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", line, got, err, want)
		}
	}
	for _, line := range []string{"1 2 3 4", "-1 0xzz 0x1", "-1 0x11112222333344445 0x1"} {
		if got, err := parseStackPointer([]byte(line)); err == nil {
			t.Errorf("%q: %v, want an error", line, got)
		}
	}
}

// The shell is told its limit, and its own ulimit is the oracle.
func TestStackLimit(t *testing.T) {
	for _, c := range []struct {
		ulimit string
		want   uint64
	}{{"4096", 4 << 20}, {"1001", 1000 << 10}} {
		cmd := exec.Command("sh", "-c", "ulimit -S -s "+c.ulimit+" && exec sleep 60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		p, err := Default().Open(cmd.Process.Pid, Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		for id, err := p.Identity(); id.Comm != "sleep"; id, err = p.Identity() {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, err := p.StackLimit(); got != c.want || err != nil {
			t.Errorf("ulimit -s %s: %d, %v; want %d", c.ulimit, got, err, c.want)
		}
	}
	if got, err := parseStackLimit(strings.NewReader("Max stack size  unlimited  unlimited  bytes\n")); got != glibcStack || err != nil {
		t.Errorf("unlimited: %d, %v", got, err)
	}
	for _, text := range []string{"", "Max cpu time 1 1 s\n", "Max stack size    \n", "Max stack size  -3 1 bytes\n"} {
		if got, err := parseStackLimit(strings.NewReader(text)); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

// More places than one call reads, some of them not mapped.
func TestWords(t *testing.T) {
	const n = 1500
	page := os.Getpagesize()
	data, at := region(t, n*page)
	var ask []mem.Addr
	var want []uint64
	for i := range n {
		*(*uint64)(unsafe.Pointer(&data[i*page+8])) = uint64(i) << 33
		ask = append(ask, pages(at, i, i+1).Start)
		if i%100 != 7 {
			want = append(want, uint64(i)<<33)
		}
	}
	for i := 7; i < n; i += 100 {
		if err := unix.Mprotect(data[i*page:(i+1)*page], unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	var got []uint64
	p := openSelf(t, Options{})
	err := p.Words(ask, 2, func(a mem.Addr, words []uint64) {
		if words[0] != 0 || a != pages(at, int(words[1]>>33), int(words[1]>>33)+1).Start {
			t.Errorf("at %v: %v", a, words)
		}
		got = append(got, words[1])
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d places read, %v; want %d", len(got), err, len(want))
	}
	if err := p.Words([]mem.Addr{0, ^mem.Addr(0) - 3}, 2, func(mem.Addr, []uint64) { t.Error("read what is not there") }); err != nil {
		t.Error(err)
	}
}

func TestWordsOfADeadProcess(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := Default().Open(cmd.Process.Pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for name, read := range map[string]func() error{
		"Words":        func() error { return p.Words([]mem.Addr{4096}, 1, func(mem.Addr, []uint64) {}) },
		"ThreadStacks": func() error { _, err := p.ThreadStacks(); return err },
		"StackLimit":   func() error { _, err := p.StackLimit(); return err },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), strconv.Itoa(cmd.Process.Pid)) {
			t.Errorf("%s: %v, want an error that names the process", name, err)
		}
	}
}
