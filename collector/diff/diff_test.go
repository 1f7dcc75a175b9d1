package diff

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/mem"
)

const (
	mib = int64(1 << 20)
	sec = mem.Instant(time.Second)
	pid = 7
)

// header is that of a trace on a kernel, changed by change.
func header(change func(*mem.Header)) mem.Frame {
	full := 511
	h := &mem.Header{
		Schema: mem.Schema, Mono: 100 * sec, Attach: "raw_tracepoint", FromStart: true,
		Process: mem.Process{PID: pid, Comm: "server", GoVersion: "go1.26.8"},
		Host:    mem.Host{Kernel: "7.3.4", Arch: "amd64", THP: "always", CPUs: 2, PageSize: 4096, MaxPtesNone: &full},
	}
	if change != nil {
		change(h)
	}
	return mem.Frame{At: h.Mono, Header: h}
}

func at(seconds, res int64) mem.Frame {
	when := 100*sec + mem.Instant(seconds)*sec
	return mem.Frame{At: when, Sample: &mem.Sample{At: when, PID: pid, RSS: mem.RSS{Anon: res}}}
}

func event(seconds, res int64, e mem.Event) mem.Frame {
	e.At, e.PID = 100*sec+mem.Instant(seconds)*sec, pid
	e.Before, e.After = mem.RSS{Anon: res}, mem.RSS{Anon: res + e.Attributed}
	return mem.Frame{At: e.At, Event: &e}
}

func release(seconds, res, left int64, who mem.Who) mem.Frame {
	return event(seconds, res, mem.Event{
		Call: mem.Madvise, Advice: "MADV_DONTNEED", Addr: mem.Addr(seconds) << 32, Len: uint64(left), Attributed: -left, Who: who,
	})
}

func collapse(seconds, res, grew int64) mem.Frame {
	when := 100*sec + mem.Instant(seconds)*sec
	return mem.Frame{At: when, Mark: &mem.Mark{At: when, PID: pid, Kind: mem.MarkCollapse, Grew: &grew, RSS: mem.RSS{Anon: res}}}
}

func side(name string, frames ...mem.Frame) *Side {
	m := course.NewMeter(explain.NewAccumulator())
	s := &Side{Name: name}
	for _, f := range frames {
		if f.Header != nil {
			s.Header = *f.Header
		}
		m.Observe(f)
	}
	s.Course, s.Verdict = m.Course(), m.Verdict()
	return s
}

// steady grows to 117 MiB and gives 98 of them back at 118 s.
func steady(change func(*mem.Header)) []mem.Frame {
	return []mem.Frame{
		header(change), at(0, 10*mib), at(5, 117*mib), release(118, 117*mib, 98*mib, mem.WhoBackground), at(119, 19*mib), at(240, 19*mib),
	}
}

// refilled is steady, but khugepaged puts 57 MiB of it back.
func refilled() []mem.Frame {
	frames := steady(func(h *mem.Header) { h.Host.Kernel = "5.10.262" })
	return append(frames[:5:5], collapse(150, 76*mib, 57*mib), at(240, 76*mib))
}

func find(t *testing.T, r *Report, id string) Row {
	t.Helper()
	for _, row := range r.Rows {
		if row.ID == id {
			return row
		}
	}
	t.Fatalf("no row %s", id)
	return Row{}
}

func TestCompareKernels(t *testing.T) {
	r := CompareRecordings(side("a", refilled()...), side("b", steady(nil)...))
	for _, want := range []struct {
		id     string
		a, b   int64
		mark   Mark
		why    string // a part of it
		detail bool
	}{
		{"course.peak", 117 * mib, 117 * mib, Same, "", false},
		{"course.rest", 76 * mib, 19 * mib, Better, "A: 57.0 MiB grew back: khugepaged", false},
		{"course.given_back", 41 * mib, 98 * mib, Different, "", false},
		{"course.half", int64(113 * sec), int64(113 * sec), Same, "", false},
		{"releases.asked", 98 * mib, 98 * mib, Same, "", false},
		{"releases.attributed", 98 * mib, 98 * mib, Same, "", false},
		{"collapses.bytes", 57 * mib, 0, Better, "A: 57.0 MiB grew back: khugepaged (THP always, max_ptes_none 511)", false},
		{"calls.madvise.MADV_DONTNEED.background.calls", 1, 1, Same, "", true},
		{"phase.rest.collapsed", 57 * mib, 0, Different, "", true},
	} {
		row := find(t, &r, want.id)
		if row.A.Number == nil || row.B.Number == nil || *row.A.Number != want.a || *row.B.Number != want.b {
			t.Errorf("%s: %v and %v, want %d and %d", want.id, row.A, row.B, want.a, want.b)
			continue
		}
		if row.Mark != want.mark || row.Detail != want.detail || !strings.Contains(row.Why, want.why) || *row.Change != want.b-want.a {
			t.Errorf("%s: %s, detail %v, change %d, %q; want %s, %v, %q", want.id, row.Mark, row.Detail, *row.Change, row.Why, want.mark, want.detail, want.why)
		}
	}
	if row := find(t, &r, "host.kernel"); row.A.Text != "5.10.262" || row.B.Text != "7.3.4" || row.Mark != Different {
		t.Errorf("kernel %+v", row)
	}
	if len(r.Notes) > 2 { // neither has a full sample, so no parts of RES
		t.Errorf("notes %q", r.Notes)
	}
}

// What the phases of a comparison say sums to the sums over all.
func TestPhasesSumToReleases(t *testing.T) {
	r := CompareRecordings(side("a", refilled()...), side("b", steady(nil)...))
	var asked int64
	for _, row := range r.Rows {
		if strings.HasPrefix(row.ID, "phase.") && strings.HasSuffix(row.ID, ".asked") {
			asked += *row.A.Number
		}
	}
	if all := find(t, &r, "releases.asked"); *all.A.Number != asked {
		t.Errorf("asked %d in all, %d in the phases", *all.A.Number, asked)
	}
}

func TestTheSameTwice(t *testing.T) {
	r := CompareRecordings(side("a", refilled()...), side("a", refilled()...))
	for _, row := range r.Rows {
		if row.Mark != Same || row.Why != "" {
			t.Errorf("%s: %s, %q", row.ID, row.Mark, row.Why)
		}
	}
	if len(r.Rows) < 30 {
		t.Errorf("only %d rows", len(r.Rows))
	}
}

func TestTolerance(t *testing.T) {
	for _, c := range []struct {
		name string
		same bool
		want bool
	}{
		{"sizes 256 KiB apart", sameSize(mib, mib+256<<10), true},
		{"sizes further apart", sameSize(mib, mib+256<<10+1), false},
		{"2 % of the larger", sameSize(98*mib, 100*mib), true},
		{"more than 2 %", sameSize(98*mib-1, 100*mib), false},
		{"negative sizes", sameSize(-100*mib, -98*mib), true},
		{"of opposite sign", sameSize(-100*mib, 100*mib), false},
		{"the largest", sameSize(-1<<63, 1<<63-1), false},
		{"times 5 % apart", sameTime(95, 100, 0), true},
		{"times 6 % apart", sameTime(94, 100, 0), false},
		{"times within the spacing", sameTime(10, 100, 90), true},
		{"counts", sameCount(1, 2), false},
		{"many counts", sameCount(1000, 1050), true},
		{"twice as fast", sameProbeTime(100, 200), false},
		{"nearly twice", sameProbeTime(101, 200), true},
	} {
		if c.same != c.want {
			t.Errorf("%s: same is %v", c.name, c.same)
		}
	}
}

func TestWhys(t *testing.T) {
	refuses := append(steady(func(h *mem.Header) { h.Host.Kernel = "5.10.0-28-amd64" }),
		event(241, 19*mib, mem.Event{Call: mem.Madvise, Advice: "MADV_COLLAPSE", Len: 1 << 21, Ret: -1, Errno: "EINVAL", Who: mem.WhoRuntime}))
	forced := steady(nil)
	forced[3] = release(20, 117*mib, 98*mib, mem.WhoForced)
	longer := append(steady(nil), at(720, 19*mib))
	lazy := steady(nil)
	lazy[3] = event(118, 117*mib, mem.Event{Call: mem.Madvise, Advice: "MADV_FREE", Len: uint64(98 * mib), Who: mem.WhoBackground})
	lazy[4], lazy[5] = at(119, 117*mib), at(240, 117*mib)
	for _, c := range []struct {
		name, id string
		a        []mem.Frame
		mark     Mark
		why      string
	}{
		{"unknown advice", "failed.madvise.MADV_COLLAPSE.EINVAL", refuses, Better, "Linux 5.10 does not know MADV_COLLAPSE, which came with 6.1"},
		{"other caller", "course.half", forced, Worse, "FreeOSMemory in A, background scavenger in B"},
		{"lazy", "course.half", lazy, OnlyB, "A had given nothing back by its end"},
		{"longer", "course.mean", longer, Different, "of the whole recording: 12m00s of A, 4m00s of B"},
		{"lazy", "program.advice", lazy, Different, ""},
		{"lazy", "releases.attributed", lazy, Different, "A: 98.0 MiB asked, but lazily"},
	} {
		r := CompareRecordings(side("a", c.a...), side("b", steady(nil)...))
		if row := find(t, &r, c.id); row.Mark != c.mark || !strings.Contains(row.Why, c.why) {
			t.Errorf("%s: %s %q, want %s %q", c.name, row.Mark, row.Why, c.mark, c.why)
		}
	}
}

func TestNotes(t *testing.T) {
	untraced := []mem.Frame{header(func(h *mem.Header) { h.Attach = "" }), at(0, mib), at(240, mib)}
	lost := append(steady(nil), mem.Frame{At: 341 * sec, Lost: &mem.Lost{At: 341 * sec, Total: 5, New: 5}})
	for name, c := range map[string]struct {
		a    []mem.Frame
		want string
	}{
		"another program": {steady(func(h *mem.Header) { h.Process.Comm = "other" }), "A is of other, B of server"},
		"no calls":        {untraced, "A holds no calls"},
		"nothing":         {[]mem.Frame{header(nil)}, "A holds no reading of RES: only the host and the program"},
		"one instant":     {[]mem.Frame{header(nil), at(0, mib)}, "A is of one instant"},
		"still moving":    {steady(nil)[:5], "A: RES was still moving"},
		"shorter":         {steady(nil)[:5], "A lasts 1m59s, B 4m00s"},
		"lost":            {lost, "A: 5 events were lost"},
	} {
		t.Run(name, func(t *testing.T) {
			r := CompareRecordings(side("a", c.a...), side("b", steady(nil)...))
			if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, c.want) }) {
				t.Errorf("notes %q, want %q", r.Notes, c.want)
			}
			find(t, &r, "host.kernel") // what can still be compared
		})
	}
}

// The reason is of the side that failed: not of an older kernel that was not asked.
func TestWhyOfTheSideThatFailed(t *testing.T) {
	asks := event(241, 19*mib, mem.Event{Call: mem.Madvise, Advice: "MADV_COLLAPSE", Len: 1 << 21, Ret: -1, Errno: "EINVAL", Who: mem.WhoRuntime})
	on := func(kernel string) []mem.Frame { return steady(func(h *mem.Header) { h.Host.Kernel = kernel }) }
	old, failed := on("5.10.0-28-amd64"), append(on("7.3.4"), asks)
	r := CompareRecordings(side("a", old...), side("b", failed...))
	if row := find(t, &r, "failed.madvise.MADV_COLLAPSE.EINVAL"); row.Mark != Worse || row.Why != "" {
		t.Errorf("%s, %q", row.Mark, row.Why)
	}
}

// Two packages of a distribution may have the same release: their builds differ.
func TestBuilds(t *testing.T) {
	const one, other = "#1 SMP Debian 6.18.1-1 (2026-01-02)", "#1 SMP Debian 6.18.99-1 (2026-11-02)"
	for _, c := range []struct {
		name, kernel, a, b string
		shown              bool
	}{
		{"another build", "7.3.4", one, other, true},
		{"the same", "7.3.4", one, one, false},
		{"one is not known", "7.3.4", "", other, false},
		{"another release says it", "5.10", one, other, false},
	} {
		on := func(kernel, build string) *Side {
			return side("a", steady(func(h *mem.Header) { h.Host.Kernel, h.Host.Build = kernel, build })...)
		}
		r := CompareRecordings(on(c.kernel, c.a), on("7.3.4", c.b))
		i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.ID == "host.kernel_build" })
		if i >= 0 != c.shown {
			t.Errorf("%s: shown is %v", c.name, !c.shown)
		}
		if c.shown && i >= 0 && (r.Rows[i].Mark != Different || !strings.Contains(r.Rows[i].Why, "6.18.1-1") || !strings.Contains(r.Rows[i].Why, "6.18.99-1")) {
			t.Errorf("%s: %+v", c.name, r.Rows[i])
		}
	}
}

// Milliseconds are no difference between two runs.
func TestMomentsApart(t *testing.T) {
	gone := func(ms int64) *course.Moment {
		return &course.Moment{After: ms * int64(time.Millisecond), Within: int64(20 * time.Microsecond)}
	}
	for _, c := range []struct {
		a, b int64 // ms
		want Mark
	}{
		{5, 8, Same},
		{8, 5, Same},
		{0, 50, Same},
		{0, 51, Worse},
		{2000, 2100, Same},
		{2000, 2110, Worse},
	} {
		r := &rows{}
		moment(r, "m", "moment", &Side{}, &Side{}, gone(c.a), gone(c.b))
		if got := r.list[0].Mark; got != c.want {
			t.Errorf("%d and %d ms: %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

// Seen from the other side all is turned round.
func TestTurnedRound(t *testing.T) {
	turned := map[Mark]Mark{Same: Same, Better: Worse, Worse: Better, Different: Different, OnlyA: OnlyB, OnlyB: OnlyA}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 2))
		a, b := side("a", wander(r)...), side("b", wander(r)...)
		x, y := CompareRecordings(a, b), CompareRecordings(b, a)
		if len(x.Rows) != len(y.Rows) {
			t.Fatalf("%d rows, and %d the other way round", len(x.Rows), len(y.Rows))
		}
		for _, row := range x.Rows {
			if other := find(t, &y, row.ID); other.Mark != turned[row.Mark] {
				t.Errorf("%s: %s, the other way round %s", row.ID, row.Mark, other.Mark)
			}
		}
	}
}

func wander(r *rand.Rand) []mem.Frame {
	whos := []mem.Who{mem.WhoBackground, mem.WhoForced, mem.WhoUser}
	frames := []mem.Frame{header(func(h *mem.Header) { h.Host.THP = []string{"", "always"}[r.IntN(2)] })}
	res := 50 * mib
	for i := range int64(r.IntN(40)) {
		if left := r.Int64N(res); r.IntN(2) == 0 {
			frames = append(frames, release(i, res, left, whos[r.IntN(3)]))
			res -= left - mib
			continue
		}
		res += r.Int64N(9 * mib)
		frames = append(frames, at(i, res))
	}
	return frames
}

func TestJSON(t *testing.T) {
	r := CompareRecordings(side("a", refilled()...), side("b", steady(func(h *mem.Header) { h.Host.MaxPtesNone = nil })...))
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"schema":"whyres/diff/1","of":"recordings"`,
		`{"id":"host.kernel","group":"host and program","what":"Linux","unit":"text","a":"5.10.262","b":"7.3.4","change":null,"mark":"different"}`,
		`"what":"khugepaged's max_ptes_none","unit":"count","a":511,"b":null,"change":null,"mark":"only-a"}`,
		`"what":"RES at rest","unit":"bytes","a":79691776,"b":19922944,"change":-59768832,"mark":"better",`,
		`"notes":[]}`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
