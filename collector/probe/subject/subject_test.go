package subject

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/probe"
)

// The test binary is started again as the process that is measured.
const roleEnv = "WHYRES_SUBJECT_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "serve":
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
	case "environment":
		_ = json.NewEncoder(os.Stdout).Encode(os.Environ())
	case "die":
		os.Exit(7)
	case "hang":
		time.Sleep(time.Minute)
	default:
		os.Exit(m.Run())
	}
}

func start(t *testing.T, role string) *Process {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	p, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestEveryCaseHasARecipe(t *testing.T) {
	all := recipes()
	for _, c := range probe.Catalogue() {
		if _, made := all[c.ID]; !made {
			t.Errorf("%s: no recipe", c.ID)
		}
		delete(all, c.ID)
	}
	for id := range all {
		t.Errorf("%s: a recipe and no case", id)
	}
}

// Each case runs, whatever the kernel: what it says is consistent, and its calls
// lie within the region and follow each other.
func TestEveryCaseRuns(t *testing.T) {
	p := start(t, "serve")
	for _, c := range probe.Catalogue() {
		run, err := p.Run(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		r := &run.Result
		if r.ID != c.ID || r.Call != c.Call || r.Size != size || r.Asked <= 0 || r.Asked > size {
			t.Errorf("%s: %+v", c.ID, r)
		}
		if r.Unknown != "" {
			t.Logf("%s: %s", c.ID, r.Unknown)
			continue
		}
		var covered int64
		for i, call := range run.Calls {
			covered += int64(call.Len)
			if call.From >= call.To || i > 0 && call.From < run.Calls[i-1].To {
				t.Errorf("%s: the calls overlap: %+v", c.ID, run.Calls)
			}
		}
		if r.Errno == "" && covered != r.Asked || r.CallNS <= 0 || run.TID == 0 {
			t.Errorf("%s: calls %+v cover %d of %d", c.ID, run.Calls, covered, r.Asked)
		}
		if (r.Ret == -1) != (r.Errno != "") {
			t.Errorf("%s: returned %d with %q", c.ID, r.Ret, r.Errno)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// What smaps tells of a region is what mincore does: only its own pages, none of
// its neighbours'.
func TestRegionIsItsOwn(t *testing.T) {
	b, err := newBench()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	for _, touched := range [][]span{nil, {{0, 1}}, {{0, mib}, {7 * mib, mib}}, lowerHalves(), whole()} {
		s, err := b.newStage()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.refuseHuge(); err != nil {
			t.Fatal(err)
		}
		s.touch(touched...)
		saw, err := s.see()
		if err != nil {
			t.Fatal(err)
		}
		if want := inCore(t, s); saw.rss != want || want != roundUp(bytesOf(touched)) {
			t.Errorf("%v: smaps %d, mincore %d, touched %d", touched, saw.rss, want, bytesOf(touched))
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

func roundUp(n int64) int64 {
	page := int64(os.Getpagesize())
	return (n + page - 1) / page * page
}

func inCore(t *testing.T, s *stage) (bytes int64) {
	t.Helper()
	page := os.Getpagesize()
	pages := make([]byte, size/page)
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(s.start), size, uintptr(unsafe.Pointer(&pages[0]))); errno != 0 {
		t.Fatal(errno)
	}
	for _, in := range pages {
		bytes += int64(in&1) * int64(page)
	}
	return bytes
}

// A forked child holds the memory, and is gone when the run is.
func TestForkedChildEnds(t *testing.T) {
	b, err := newBench()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	s, err := b.newStage()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.fork(); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("child %d is left, %v", pid, err)
	}
}

// Nobody ends the forked child: it does so itself.
func TestForkedChildIsBounded(t *testing.T) {
	began := time.Now()
	pid, errno := forkIdle(&unix.Timespec{Nsec: 50e6})
	if errno != 0 {
		t.Fatal(errno)
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(pid, &status, 0, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 50*time.Millisecond || took > 10*time.Second || !status.Exited() {
		t.Errorf("it ended after %v, status %v", took, status)
	}
}

func TestProcessThatEnds(t *testing.T) {
	if _, err := start(t, "die").Run(t.Context(), probe.FreeSmall); err == nil || !strings.Contains(err.Error(), probe.FreeSmall) ||
		!strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("error %v: want the case it was at, and how it ended", err)
	}
	if _, err := start(t, "serve").Run(t.Context(), "no-such-case"); err == nil || !strings.Contains(err.Error(), "no-such-case") {
		t.Errorf("error %v", err)
	}
}

func TestProcessThatHangs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	p := start(t, "hang")
	began := time.Now()
	if _, err := p.Run(ctx, probe.FreeSmall); err == nil || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if err := p.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// That nothing came back is an answer only after a whole round of khugepaged.
func TestNothingCameBack(t *testing.T) {
	now, err := countOf(fullScans)
	if err != nil {
		t.Skip("the kernel has no khugepaged")
	}
	const ahead = 1 << 30 // of whatever it counts meanwhile
	if err := cameBy(now-2, 0); err != nil {
		t.Errorf("after two rounds: %v", err)
	}
	if err := cameBy(now+ahead, 0); !errors.Is(err, errCannot) {
		t.Errorf("before a round has ended: %v", err)
	}
	if err := cameBy(now+ahead, 4096); err != nil {
		t.Errorf("something came back: %v", err)
	}
}

// What somebody set for another program's runtime is not in force where it is
// measured, and the rest of the environment is.
func TestSubjectIsQuiet(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "1MiB")
	t.Setenv("GOGC", "1")
	t.Setenv("GODEBUG", "madvdontneed=0")
	t.Setenv("GOGCX", "kept")
	var has []string
	if err := start(t, "environment").answers.Decode(&has); err != nil {
		t.Fatal(err)
	}
	for _, e := range has {
		if forRuntime(e) {
			t.Errorf("it has %s", e)
		}
	}
	if !slices.Contains(has, "GOGCX=kept") {
		t.Errorf("environment %q", has)
	}
	was := debug.SetMemoryLimit(1 << 20)
	defer debug.SetMemoryLimit(was)
	b, err := newBench()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		t.Errorf("the memory limit is %d", limit)
	}
}
