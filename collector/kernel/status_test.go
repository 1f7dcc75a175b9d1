package kernel

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"whyres/collector/mem"
)

func TestStatus(t *testing.T) {
	got, err := openFixture(t, 4242).Status()
	if err != nil {
		t.Fatal(err)
	}
	want := Status{
		State: 'S', TGID: 4242, UID: 1000, Threads: 7, HasMemory: true,
		RSS:    mem.RSS{Anon: 6160 << 10, File: 3104 << 10, Shmem: 24 << 10, Swap: 12 << 10},
		VMSize: 1265804 << 10, VMPTE: 168 << 10, VMLck: 64 << 10, VMHWM: 41164 << 10,
	}
	if got != want {
		t.Errorf("Status =\n%+v, want\n%+v", got, want)
	}
}

func TestLight(t *testing.T) {
	before := Now()
	s, err := openFixture(t, 4242).Light()
	if err != nil {
		t.Fatal(err)
	}
	if s.At < before || s.At > Now() || s.Dur <= 0 {
		t.Errorf("At %d, Dur %d: want the reading's own instant and length", s.At, s.Dur)
	}
	if s.RSS.Total() != 9288<<10 { // the file's own VmRSS
		t.Errorf("RES = %d, want VmRSS %d", s.RSS.Total(), 9288<<10)
	}
	if s.RSSSource != "status" || s.Threads != 7 || s.PID != 4242 || s.Full() {
		t.Errorf("sample %+v", s)
	}
}

func TestLightOfWhatHasNoMemory(t *testing.T) {
	for pid, want := range map[int]error{4243: ErrGone, 2: ErrKernelThread} {
		if _, err := openFixture(t, pid).Light(); !errors.Is(err, want) {
			t.Errorf("Light(%d) = %v, want %v", pid, err, want)
		}
	}
}

// The descriptor is kept and the file read again: the second reading is new.
func TestLightIsNew(t *testing.T) {
	p := openSelf(t, Options{})
	first, err := p.Light()
	if err != nil {
		t.Fatal(err)
	}
	// The test's own Go heap may give some memory back meanwhile.
	const grown = 64 << 20
	touch(t, grown)
	second, err := p.Light()
	if err != nil {
		t.Fatal(err)
	}
	if got := second.RSS.Anon - first.RSS.Anon; got < grown/2 || got > grown+16<<20 {
		t.Errorf("anonymous RSS rose by %d after %d bytes were touched", got, grown)
	}
}

func TestStatusOfAnyLength(t *testing.T) {
	text := []byte("State:\tS (sleeping)\nGroups:\t" + strings.Repeat("123456 ", 20000) + "\nThreads:\t3\nVmSize:\t 8 kB\n")
	file := t.TempDir() + "/status"
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &Process{pid: 1, status: f, buf: make([]byte, 512)}
	s, err := p.Status()
	if err != nil || s.Threads != 3 || s.VMSize != 8<<10 {
		t.Errorf("Status = %+v, %v; want what stands behind a long line", s, err)
	}
}

func TestParseStatusRefuses(t *testing.T) {
	for _, text := range []string{
		"", "Name:\tx\n", "State:\n", "State:\tS\nVmSize:\t12 MB\n", "State:\tS\nRssAnon:\t-1 kB\n",
		"State:\tS\nVmSize:\t99999999999999999999 kB\n", "State:\tS\nVmSize:\t9999999999999999999 kB\n", "State:\tS\nThreads:\tmany\n",
	} {
		if s, err := parseStatus([]byte(text)); err == nil {
			t.Errorf("parseStatus(%q) = %+v, want an error", text, s)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	seed, err := os.ReadFile("testdata/proc/4242/status")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("State:\tZ\nUid:\t\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseStatus(text)
		if err == nil && !bytes.Contains(text, []byte("State:")) {
			t.Errorf("no State, yet %+v", s)
		}
		if s.RSS.Anon < 0 || s.RSS.File < 0 || s.RSS.Shmem < 0 || s.RSS.Swap < 0 || s.Threads < 0 {
			t.Errorf("negative: %+v", s)
		}
	})
}

func TestSeccompFilter(t *testing.T) {
	t.Parallel()
	// 1 is strict mode: there is no filter then.
	for mode, want := range map[string]bool{"0": false, "1": false, "2": true} {
		s, err := parseStatus([]byte("State:\tS (sleeping)\nSeccomp:\t" + mode + "\nSeccomp_filters:\t2\n"))
		if err != nil || s.SeccompFilter != want {
			t.Errorf("mode %s: %v, %v", mode, s.SeccompFilter, err)
		}
	}
}
