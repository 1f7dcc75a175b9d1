package bpf

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// privileged skips without root: `make test` runs these tests through sudo, and
// CI fails if one was skipped for that.
func privileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: run make test")
	}
}

// functionsMustAttach reports whether this is a virtual machine of test-kernels
// whose kernel is known to allow it: there the skip of other hosts is a failure.
func functionsMustAttach(t *testing.T) bool {
	t.Helper()
	version, err := features.LinuxVersionCode()
	if err != nil {
		t.Fatal(err)
	}
	return os.Getenv("WHYRES_VM") != "" && version >= 6<<16|12<<8
}

// eachWay runs the test for each way of attaching. Raw tracepoints must work on every
// kernel, functions where the kernel has what it takes.
func eachWay(t *testing.T, test func(t *testing.T, o Options)) {
	privileged(t)
	for _, o := range []Options{{Attach: AttachRaw}, {Attach: AttachRaw, twice: true}, {Attach: AttachFunctions}} {
		name := string(o.Attach)
		if o.twice {
			name += " twice"
		}
		t.Run(name, func(t *testing.T) {
			test(t, o)
		})
	}
}

// openWay opens a tracer, and skips where the kernel has not this way of attaching.
func openWay(t *testing.T, o Options) *Tracer {
	t.Helper()
	tr, err := Open(o)
	if o.Attach == AttachFunctions && err != nil && !functionsMustAttach(t) {
		t.Skipf("not on this kernel: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func open4test(t *testing.T, o Options, s *subject) *Tracer {
	t.Helper()
	tr := openWay(t, o)
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := tr.Follow(s.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	return tr
}

// drain detaches and reads all that was written.
func drain(t *testing.T, tr *Tracer) (events []*mem.Event, marks []*mem.Mark) {
	t.Helper()
	if err := tr.Detach(); err != nil {
		t.Fatal(err)
	}
	for {
		frames, drained, err := tr.Read(make([]mem.Frame, 0, 4096), time.Now().Add(50*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			if f.Event != nil {
				events = append(events, f.Event)
			} else {
				marks = append(marks, f.Mark)
			}
		}
		if drained {
			break
		}
	}
	lost, err := tr.Lost()
	if err != nil {
		t.Fatal(err)
	}
	if lost.Total != 0 {
		t.Errorf("lost %+v", lost)
	}
	return events, marks
}

// asMade is the event in the subject's words.
func asMade(e *mem.Event) made {
	m := made{Call: e.Call, Ret: e.Ret, Errno: e.Errno}
	m.Args[0], m.Args[1] = uint64(e.Addr), e.Len
	switch e.Call {
	case mem.Mmap:
		m.Args[2], m.Args[3], m.Args[4], m.Args[5] = uint64(e.Prot), uint64(e.MapFlags), uint64(e.FD), e.Offset
	case mem.Madvise, mem.ProcessMadvise:
		m.Args[2] = adviceNumber(e.Advice)
	case mem.Mremap:
		m.Args[2], m.Args[3], m.Args[4] = e.NewLen, uint64(e.RemapFlags), uint64(e.NewAddr)
	}
	return m
}

// adviceNumber turns a name back: a list of its own, after the man page.
func adviceNumber(name string) uint64 {
	return map[string]uint64{
		"MADV_DONTNEED": 4, "MADV_FREE": 8, "MADV_NOHUGEPAGE": 15, "MADV_COLD": 20, "MADV_COLLAPSE": 25, "MADV_12345": 12345,
	}[name]
}

// inMade brings the calls whose event leaves arguments out into the same form.
func inMade(m made) made {
	m.Left, m.Freed = 0, 0
	switch m.Call {
	case mem.Mmap:
		m.Args[4] = uint64(int32(m.Args[4]))
	case mem.ProcessMadvise:
		m.Args = [6]uint64{2: m.Args[3]}
	case mem.PrctlSetVMA:
		m.Args = [6]uint64{m.Args[2], m.Args[3]}
	}
	return m
}

func TestEveryCallOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := startSubject(t, "calls")
		tr := open4test(t, o, s)
		var want []made
		s.run(t, &want)
		events, _ := drain(t, tr)
		if len(want) < 15 {
			t.Fatalf("the subject made only %d calls", len(want))
		}
		for _, w := range want {
			w = inMade(w)
			got := slices.DeleteFunc(slices.Clone(events), func(e *mem.Event) bool { return asMade(e) != w })
			if len(got) != 1 {
				t.Errorf("%s%x = %d %s: reported %d times", w.Call, w.Args, w.Ret, w.Errno, len(got))
			}
		}
		for _, e := range events {
			if e.Call == mem.PrctlSetVMA && e.Len == uint64(8*os.Getpagesize()) && e.Name != "whyres test" {
				t.Errorf("mapping named %q", e.Name)
			}
			if e.PID != s.cmd.Process.Pid || e.Dur < 0 || e.Dur > int64(time.Minute) {
				t.Errorf("odd event: %+v", e)
			}
			if e.Call != mem.PrctlSetVMA && len(e.PCs) == 0 {
				t.Errorf("%s has no stack", e.Call)
			}
		}
	})
}

// releasesOf finds the event of each release that the subject made.
func releasesOf(t *testing.T, events []*mem.Event, want []made) []*mem.Event {
	t.Helper()
	var out []*mem.Event
	for _, w := range want {
		left := w.Left
		w = inMade(w)
		i := slices.IndexFunc(events, func(e *mem.Event) bool { return asMade(e) == w })
		if i < 0 {
			t.Fatalf("release of %d pages at %#x not reported", left, w.Args[0])
		}
		out = append(out, events[i])
		events = events[i+1:]
	}
	return out
}

func TestLeftRESIsExact(t *testing.T) {
	page := int64(os.Getpagesize())
	eachWay(t, func(t *testing.T, o Options) {
		s := startSubject(t, "releases")
		tr := open4test(t, o, s)
		var want []made
		s.run(t, &want)
		events, _ := drain(t, tr)
		for i, e := range releasesOf(t, events, want) {
			left := want[i].Left * page
			if got := e.Before.Total() - e.After.Total(); got != left {
				t.Errorf("%s of %d: RES changed by %d pages, want %d", e.Call, e.Len, got/page, want[i].Left)
			}
			if -e.Attributed != left {
				t.Errorf("%s of %d: %d pages attributed, want %d", e.Call, e.Len, -e.Attributed/page, want[i].Left)
			}
			if len(e.Notes) != 0 {
				t.Errorf("%s of %d: notes %v", e.Call, e.Len, e.Notes)
			}
		}
	})
}

// With another thread at work the change of RES is not the call's alone, but
// what is attributed to it should be, and where the two differ it is said.
func TestAttributionWhileAnotherThreadFaults(t *testing.T) {
	page := int64(os.Getpagesize())
	eachWay(t, func(t *testing.T, o Options) {
		n := 300
		if os.Getenv("WHYRES_VM") != "" {
			n = 100 // each takes 30 ms of an emulated machine
		}
		s := startSubject(t, fmt.Sprintf("disturbed:%d", n))
		tr := open4test(t, o, s)
		var want []made
		s.run(t, &want)
		events, _ := drain(t, tr)
		exact, shared, unsaid := 0, 0, 0
		for _, e := range releasesOf(t, events, want) {
			right := -e.Attributed == 1024*page
			switch said := e.Noted(mem.NoteShared); {
			case right && !said:
				exact++
			case right:
				exact++
				shared++
			case !said:
				unsaid++
			}
		}
		t.Logf("%d of %d attributed exactly, %d of them while RES moved by more; %d wrong and not said", exact, n, shared, unsaid)
		if exact < n*95/100 {
			t.Errorf("only %d of %d attributed exactly", exact, n)
		}
		if unsaid > n/100 {
			t.Errorf("%d of %d wrong without a note", unsaid, n)
		}
	})
}

// stormOf is shorter in an emulated machine, where a call takes 30 us.
func stormOf() string {
	if os.Getenv("WHYRES_VM") != "" {
		return "storm:40000"
	}
	return "storm:400000"
}

// What the ring can bear depends on the reader getting a CPU in time, which a
// busy host does not always grant. So of three storms one must lose nothing;
// in each of them what was seen and what is said to be lost must add up.
func TestNothingLostAt200kCallsASecond(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		for try := range 3 {
			want, seen, lost := tracedStorm(t, o)
			t.Logf("%.0f calls a second, %d of %d seen, lost %+v", want.PerSec, seen, want.Calls, lost)
			if seen+int(lost.Total) != want.Calls {
				t.Fatalf("storm %d: %d seen and %d lost are not %d calls", try, seen, lost.Total, want.Calls)
			}
			if lost.Total == 0 || os.Getenv("WHYRES_VM") != "" { // one emulated CPU for both sides
				return
			}
		}
		t.Error("calls were lost in each of three storms")
	})
}

// tracedStorm lets a new subject make its calls, and counts them as they come.
func tracedStorm(t *testing.T, o Options) (want storm, seen int, lost mem.Lost) {
	t.Helper()
	s := startSubject(t, stormOf())
	tr := open4test(t, o, s)
	page := uint64(os.Getpagesize())
	count := func(frames []mem.Frame) {
		for _, f := range frames {
			if f.Event != nil && f.Event.Call == mem.Madvise && f.Event.Len == page && f.Event.Advice == "MADV_DONTNEED" {
				seen++
			}
		}
	}
	said := make(chan storm)
	go func() {
		var w storm
		s.run(t, &w)
		said <- w
	}()
	frames := make([]mem.Frame, 0, 4096)
	for drained, done := false, false; !done || !drained; {
		var err error
		frames, drained, err = tr.Read(frames[:0], time.Now().Add(20*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		count(frames)
		select {
		case want = <-said:
			done = true
			drained = false
		default:
		}
	}
	lost, err := tr.Lost()
	if err != nil {
		t.Fatal(err)
	}
	return want, seen, lost
}

func TestFollowsChildren(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		for _, children := range []bool{true, false} {
			o.Children = children
			s := startSubject(t, "family")
			tr := open4test(t, o, s)
			var who family
			s.run(t, &who)
			events, marks := drain(t, tr)
			calls := 0
			for _, e := range events {
				if e.PID == who.Child {
					calls++
				}
			}
			var kinds []string
			for _, m := range marks {
				if m.PID == who.Child || m.Child == who.Child {
					kinds = append(kinds, string(m.Kind)+m.Comm)
				}
			}
			wantKinds := ""
			if children {
				wantKinds = "fork execexe exit" // /proc/self/exe
			}
			if got := strings.Join(kinds, " "); got != wantKinds {
				t.Errorf("children %v: marks of the child: %q, want %q", children, got, wantKinds)
			}
			if children != (calls > 20) {
				t.Errorf("children %v: %d calls of the child", children, calls)
			}
		}
	})
}

// os/exec starts a program by vfork: the child runs in its parent's memory until
// then. A plain fork's child has a copy.
func TestForkTellsWhoseMemoryTheChildHas(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		o.Children = true
		for scenario, same := range map[string]bool{"family": true, "frees": false} {
			s := startSubject(t, scenario)
			tr := open4test(t, o, s)
			var said any
			s.run(t, &said)
			_, marks := drain(t, tr)
			forks := 0
			for _, m := range marks {
				if m.Kind != mem.MarkFork || m.PID != s.cmd.Process.Pid {
					continue
				}
				forks++
				if m.SameMemory != same {
					t.Errorf("%s: a child with its parent's memory: %v, want %v", scenario, m.SameMemory, same)
				}
			}
			if forks == 0 { // os/exec also forks once to try pidfds
				t.Errorf("%s: no fork was marked", scenario)
			}
		}
	})
}

func TestHugePagesAreMarked(t *testing.T) {
	page := int64(os.Getpagesize())
	eachWay(t, func(t *testing.T, o Options) {
		s := startSubject(t, "collapse")
		tr := open4test(t, o, s)
		var want []made
		s.run(t, &want)
		events, marks := drain(t, tr)
		if want[0].Errno == "EINVAL" {
			t.Skip("this kernel has no MADV_COLLAPSE: it is of 6.1")
		}
		if want[0].Errno != "" {
			t.Fatalf("the collapse failed: %s", want[0].Errno)
		}
		exact := 0
		for i, e := range releasesOf(t, events, want) {
			switch {
			case e.Attributed == -want[i].Left*page:
				exact++
			case e.Attributed == 0: // khugepaged had been there
			case e.Noted(mem.NoteUnsure): // it moved to another CPU meanwhile
			default:
				t.Errorf("%s added %d bytes, want %d", e.Advice, e.Attributed, -want[i].Left*page)
			}
		}
		collapsed := 0
		for _, m := range marks {
			if m.Kind == mem.MarkCollapse && m.RSS.Anon >= 2<<20 {
				collapsed++
				if !m.Asked {
					t.Error("a huge page that MADV_COLLAPSE made is said to be khugepaged's")
				}
				if m.Grew == nil || *m.Grew != -want[0].Left*page {
					t.Errorf("a huge page of %d missing pages says that RES grew by %v", -want[0].Left, m.Grew)
				}
			}
		}
		if exact == 0 || collapsed != len(want) {
			t.Errorf("%d of %d calls added what they should, %d marks", exact, len(want), collapsed)
		}
	})
}

func TestExitIsMarked(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := startSubject(t, "calls")
		tr := open4test(t, o, s)
		if err := s.cmd.Process.Signal(unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = s.cmd.Wait()
		_, marks := drain(t, tr)
		if len(marks) != 1 || marks[0].Kind != mem.MarkExit || marks[0].Signal != int(unix.SIGKILL) {
			t.Errorf("marks %+v", marks)
		}
	})
}

// held are the ids of the programs that this process has open.
func held(t *testing.T) map[ebpf.ProgramID]bool {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[ebpf.ProgramID]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the one of the listing itself
		}
		if m := regexp.MustCompile(`(?m)^prog_id:\s+(\d+)`).FindSubmatch(text); m != nil {
			id, err := strconv.Atoi(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			ids[ebpf.ProgramID(id)] = true
		}
	}
	return ids
}

func TestNothingStaysAttached(t *testing.T) {
	privileged(t)
	tr, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	loaded := held(t)
	if len(loaded) < 6 {
		t.Errorf("%d programs while attached: this test sees nothing", len(loaded))
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if left := held(t); len(left) != 0 {
		t.Errorf("still open: %v", left)
	}
	for id := range loaded {
		gone := false
		for range 200 { // the kernel frees programs a little later
			p, err := ebpf.NewProgramFromID(id)
			if gone = errors.Is(err, os.ErrNotExist); gone {
				break
			}
			p.Close()
			time.Sleep(20 * time.Millisecond)
		}
		if !gone {
			t.Errorf("program %d is still in the kernel", id)
		}
	}
}

func TestOpenWithoutPrivilege(t *testing.T) {
	if os.Getenv("WHYRES_TEST_OPEN") != "" {
		_, err := Open(Options{})
		if !errors.Is(err, ErrPrivilege) || !strings.Contains(err.Error(), "sudo") {
			t.Fatalf("want ErrPrivilege with its remedy, got %v", err)
		}
		return
	}
	privileged(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestOpenWithoutPrivilege$")
	cmd.Env = append(os.Environ(), "WHYRES_TEST_OPEN=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, size := range []int{-1, 1, 4096, 3 << 20, 2 << 30} {
		if _, err := Open(Options{RingBytes: size}); err == nil {
			t.Errorf("a ring of %d bytes was accepted", size)
		}
	}
}
