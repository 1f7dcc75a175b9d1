package lab

import (
	"slices"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

const (
	second = mem.Instant(time.Second)
	began  = 100 * second
	pid    = 7
)

func header() mem.Frame {
	return mem.Frame{At: began, Header: &mem.Header{
		Schema: mem.Schema, Mono: began, Attach: "fentry", FromStart: true,
		Process: mem.Process{PID: pid, Comm: "server", GoVersion: "go1.26.8"}, Host: mem.Host{PageSize: 4096},
	}}
}

// sample of RES so many seconds after the beginning, in MiB.
func sample(seconds, res int64) mem.Frame {
	at := began + mem.Instant(seconds)*second
	return mem.Frame{At: at, Sample: &mem.Sample{At: at, PID: pid, RSS: mem.RSS{Anon: res * mib}}}
}

// gave is a call that takes MiB out of RES, 12 asked for each 10, in 3 ms.
func gave(seconds, before, left int64, who mem.Who) mem.Frame {
	at := began + mem.Instant(seconds)*second
	const took = 3_000_000
	return mem.Frame{At: at + took, Event: &mem.Event{
		At: at, Dur: took, PID: pid, Call: mem.Madvise, Advice: "MADV_DONTNEED", Who: who, Addr: mem.Addr(seconds) << 30,
		Len: uint64(left * 12 / 10 * mib), Attributed: -left * mib,
		Before: mem.RSS{Anon: before * mib}, After: mem.RSS{Anon: (before - left) * mib},
	}}
}

// story: 10 MiB, 110 from 20 s on; from 31 s on ten calls of 10 MiB, one a second;
// 60 s long. Half has gone at 35 s and 3 ms, nine tenths at 39 s and 3 ms.
func story() []mem.Frame {
	frames := []mem.Frame{header(), sample(0, 10), sample(20, 110)}
	for i := range int64(10) {
		frames = append(frames, gave(31+i, 110-10*i, 10, mem.WhoBackground))
	}
	last := sample(60, 10)
	last.Sample.Smaps = &mem.Smaps{}
	last.Sample.Returned = &mem.Returned{Resident: uint64(4 * mib)}
	return append(frames, last)
}

func measured(frames []mem.Frame, burst mem.Instant, o Outside) Run {
	m := NewMeter()
	for _, f := range frames {
		m.Observe(f)
	}
	if burst > 0 {
		m.BurstEnded(burst)
	}
	run := Run{}
	m.Fill(&run, o)
	return run
}

func TestMeterOfAStory(t *testing.T) {
	o := Outside{LatencyP50: ptr(1e6), LatencyP99: ptr(3e6), ProcessCPU: ptr(7e9), Faults: ptr(321)}
	run := measured(withChild(story()), began+25*second, o)
	for f, want := range map[Field]float64{
		Peak: float64(110 * mib), Rest: float64(10 * mib),
		Half: 10.003e9, NineTenths: 14.003e9,
		Asked: float64(120 * mib), LeftRES: float64(100 * mib), Refaulted: float64(4 * mib),
		LatencyP50: 1e6, LatencyP99: 3e6, ProcessCPU: 7e9, Faults: 321,
		ScavengeCPU: 30e6, // ten calls of 3 ms
	} {
		switch got := *run.Measures.At(f); {
		case got == nil:
			t.Errorf("%s is unknown: %s", f, run.Unknown[f.ID()])
		case *got != want:
			t.Errorf("%s: %v, want %v", f, *got, want)
		}
	}
	// 20 s at 10, then 11.003 s at 110, nine seconds at 100 to 20, then 10.
	want := float64(mib) * (20*10 + 11.003*110 + 100 + 90 + 80 + 70 + 60 + 50 + 40 + 30 + 20 + (60-40.003)*10)
	if got := *run.Measures.Area; got < want*0.999999 || got > want*1.000001 {
		t.Errorf("area %v, want %v", got, want)
	}
	if run.GoVersion != "go1.26.8" {
		t.Errorf("Go %q", run.GoVersion)
	}
}

// withChild adds what a process that the target has started does.
func withChild(frames []mem.Frame) []mem.Frame {
	call, look := gave(45, 900, 100, mem.WhoBackground), sample(46, 800)
	call.Event.PID, look.Sample.PID = pid+1, pid+1
	look.Sample.Smaps = &mem.Smaps{}
	at := len(frames) - 1
	return append(frames[:at:at], call, look, frames[at])
}

// A child's full look is not one at the target's memory.
func TestChildsLook(t *testing.T) {
	frames := story()
	frames[len(frames)-1].Sample.Smaps = nil
	frames = withChild(frames)
	frames[len(frames)-2].Sample.Returned = &mem.Returned{}
	if run := measured(frames, 0, Outside{}); !slices.Contains(run.AtLeast, Refaulted.ID()) {
		t.Errorf("taken again is exact: at least %v", run.AtLeast)
	}
}

// What is not known has a reason, what is known has none.
func TestEveryMeasureIsKnownOrSaysWhy(t *testing.T) {
	foreign := story()
	other := *foreign[2].Sample
	other.PID, other.RSS.Anon = pid+1, 900*mib
	foreign = append(foreign[:2:2], append([]mem.Frame{{At: other.At, Sample: &other}}, foreign[2:]...)...)
	untraced := []mem.Frame{{At: began, Header: &mem.Header{Mono: began, Process: mem.Process{PID: pid}}}, sample(0, 10), sample(9, 10)}
	for name, c := range map[string]struct {
		frames []mem.Frame
		burst  mem.Instant
		why    map[Field]string
	}{
		"nothing":         {nil, began, map[Field]string{Peak: "never read", Half: "never read", Asked: "not traced", Area: "never read"}},
		"no burst's end":  {story(), 0, map[Field]string{Half: "not known", NineTenths: "not known"}},
		"ends afterwards": {story(), began + 61*second, map[Field]string{Half: "had not ended"}},
		"nothing given":   {untraced, began + second, map[Field]string{Half: "nothing was given back", LeftRES: "not traced", ScavengeCPU: "could not be read"}},
		"another process": {foreign, began + 25*second, map[Field]string{LatencyP50: "not measured", Faults: "why"}},
	} {
		t.Run(name, func(t *testing.T) {
			run := measured(c.frames, c.burst, Outside{Unknown: map[string]string{Faults.ID(): "why"}})
			for _, f := range Fields() {
				why := run.Unknown[f.ID()]
				if (*run.Measures.At(f) == nil) != (why != "") {
					t.Errorf("%s: %v, unknown because %q", f, *run.Measures.At(f), why)
				}
				if want := c.why[f]; !strings.Contains(why, want) {
					t.Errorf("%s is unknown because %q, want %q", f, why, want)
				}
			}
			if p := run.Measures.Peak; p != nil && *p > float64(110*mib) {
				t.Errorf("the peak %v is another process's", *p)
			}
		})
	}
}

func TestTimesBeforeTheBurstsEnd(t *testing.T) {
	for after, want := range map[mem.Instant][2]float64{
		0: {35.003e9, 39.003e9}, 35: {3e6, 4.003e9}, 37: {0, 2.003e9}, 50: {0, 0},
	} {
		run := measured(story(), began+after*second, Outside{})
		if got := [2]float64{*run.Measures.Half, *run.Measures.NineTenths}; got != want {
			t.Errorf("burst ended at %d s: %v, want %v", after, got, want)
		}
	}
}

// What is at least or about so is said.
func TestMeterSaysWhatIsLess(t *testing.T) {
	frames := story()
	whole := measured(frames, began+25*second, Outside{})
	if got := strings.Join(whole.AtLeast, " "); got != ScavengeCPU.ID()+" "+CPU.ID() {
		t.Errorf("at least: %s", got)
	}
	if s := strings.Join(whole.Notes, "\n"); !strings.Contains(s, "scavenger's CPU") || strings.Contains(s, "lost") || strings.Contains(s, "looked") {
		t.Errorf("%s", s)
	}
	frames[len(frames)-1].Sample.Returned = nil
	frames = append(frames, mem.Frame{At: began + 60*second, Lost: &mem.Lost{Total: 12}})
	cut := measured(frames, began+25*second, Outside{})
	if s := strings.Join(cut.Notes, "\n"); !strings.Contains(s, "12 events were lost") || !strings.Contains(s, "not looked at") {
		t.Errorf("%s", s)
	}
	for _, f := range []Field{Refaulted, Asked, LeftRES} {
		if !slices.Contains(cut.AtLeast, f.ID()) {
			t.Errorf("%s is exact though events were lost", f)
		}
	}
	// Nobody's call tells the fall between 20 s and 60 s.
	seldom := measured([]mem.Frame{header(), sample(0, 10), sample(20, 110), sample(60, 10)}, began+25*second, Outside{})
	if s := seldom.coarseTimes(); !strings.Contains(s, "within 40.0 s") {
		t.Errorf("%s", s)
	}
	if s := whole.coarseTimes(); whole.Within > coarse || s != "" {
		t.Errorf("%d: %s", whole.Within, s)
	}
}

// Of two calls that overlap each sees what both took: left counts it once.
func TestLeftCountsOnce(t *testing.T) {
	a, b := gave(10, 100, 10, mem.WhoLimit), gave(10, 100, 10, mem.WhoLimit)
	b.Event.Addr <<= 1
	a.Event.After.Anon, b.Event.After.Anon = 80*mib, 80*mib
	run := measured([]mem.Frame{header(), sample(0, 100), a, b, sample(20, 80)}, 0, Outside{})
	if got := *run.Measures.LeftRES; got != float64(20*mib) {
		t.Errorf("left %v, want 20 MiB", got/float64(mib))
	}
}

// Where the runtime does not tell, all calls of the heap that release stand for it, and
// no others; an exec begins another program.
func TestTimeWithinCalls(t *testing.T) {
	exec := mem.Frame{At: began + 50*second, Mark: &mem.Mark{At: began + 50*second, PID: pid, Kind: mem.MarkExec, Comm: "other"}}
	for name, c := range map[string]struct {
		frames []mem.Frame
		want   float64
	}{
		"forced": {[]mem.Frame{header(), gave(1, 50, 10, mem.WhoForced), gave(2, 40, 10, mem.WhoBackground)}, 6e6},
		"others": {[]mem.Frame{header(), gave(1, 50, 10, mem.WhoUser), gave(2, 40, 10, mem.WhoStack), gave(3, 30, 10, mem.WhoLimit), gave(4, 20, 10, mem.WhoGrowth)}, 6e6},
		"exec":   {[]mem.Frame{header(), gave(1, 50, 10, mem.WhoBackground), exec, gave(60, 40, 10, mem.WhoBackground)}, 3e6},
	} {
		run := measured(c.frames, 0, Outside{})
		if got := run.Measures.ScavengeCPU; got == nil || *got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What the runtime tells of itself comes before what its calls show.
func TestRuntimesOwnTimes(t *testing.T) {
	for name, c := range map[string]struct {
		gc, scavenge *int64
		want         map[Field]float64
		least        bool
	}{
		"both":    {whole(50e6), whole(7e6), map[Field]float64{GCCPU: 50e6, ScavengeCPU: 7e6, CPU: 57e6}, false},
		"GC only": {whole(50e6), nil, map[Field]float64{GCCPU: 50e6, ScavengeCPU: 30e6, CPU: 80e6}, true},
		"neither": {nil, nil, map[Field]float64{ScavengeCPU: 30e6}, true},
	} {
		m := NewMeter()
		for _, f := range story() {
			m.Observe(f)
		}
		m.gc, m.scavenge = c.gc, c.scavenge
		run := Run{}
		m.Fill(&run, Outside{})
		for _, f := range []Field{GCCPU, ScavengeCPU, CPU} {
			got := *run.Measures.At(f)
			want, known := c.want[f]
			if (got != nil) != known || known && *got != want {
				t.Errorf("%s: %s %v, want %v", name, f, got, want)
			}
		}
		if got := slices.Contains(run.AtLeast, CPU.ID()); got != c.least {
			t.Errorf("%s: at least %v", name, run.AtLeast)
		}
	}
}

// What FreeOSMemory releases no runtime counts: it is added, and the sum is at least so
// much.
func TestForcedReleasesAreAdded(t *testing.T) {
	m := NewMeter()
	for _, f := range []mem.Frame{header(), sample(0, 100), gave(1, 100, 10, mem.WhoForced), gave(2, 90, 10, mem.WhoBackground)} {
		m.Observe(f)
	}
	m.gc, m.scavenge = whole(50e6), whole(7e6)
	run := Run{}
	m.Fill(&run, Outside{})
	if got, cpu := *run.Measures.ScavengeCPU, *run.Measures.CPU; got != 10e6 || cpu != 60e6 {
		t.Errorf("scavenger %v, both %v", got, cpu)
	}
	if !slices.Contains(run.AtLeast, ScavengeCPU.ID()) || !slices.Contains(run.AtLeast, CPU.ID()) || !strings.Contains(strings.Join(run.Notes, "\n"), "FreeOSMemory") {
		t.Errorf("at least %v, notes %v", run.AtLeast, run.Notes)
	}
}

// Lost events may be forced releases, whose time nobody else tells: where the runtime
// tells its own, only the number of them does.
func TestLostEventsMayHaveTakenTime(t *testing.T) {
	for _, lost := range []uint64{0, 12} {
		m := NewMeter()
		for _, f := range story() {
			m.Observe(f)
		}
		m.Observe(mem.Frame{At: began + 60*second, Lost: &mem.Lost{Total: lost}})
		m.gc, m.scavenge = whole(50e6), whole(7e6)
		run := Run{}
		m.Fill(&run, Outside{})
		for _, f := range []Field{ScavengeCPU, CPU} {
			if got := slices.Contains(run.AtLeast, f.ID()); got != (lost > 0) {
				t.Errorf("%d lost: %s is at least what is told: %v", lost, f, got)
			}
		}
		if slices.Contains(run.AtLeast, GCCPU.ID()) {
			t.Errorf("%d lost: the GC's time does not come from events", lost)
		}
	}
}

func whole(v int64) *int64 { return &v }
