package course

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/mem"
)

const (
	mib = int64(1 << 20)
	sec = mem.Instant(time.Second)
	pid = 7
)

func header() mem.Frame {
	return mem.Frame{At: 100 * sec, Header: &mem.Header{
		Schema: mem.Schema, Mono: 100 * sec, Attach: "fentry", FromStart: true,
		Process: mem.Process{PID: pid, Comm: "server", GoVersion: "go1.26.8"},
		Host:    mem.Host{Kernel: "6.18.0", PageSize: 4096},
	}}
}

// at is a sample so many seconds after the header.
func at(seconds, res int64) mem.Frame {
	when := (100 + mem.Instant(seconds)) * sec
	return mem.Frame{At: when, Sample: &mem.Sample{At: when, PID: pid, RSS: mem.RSS{Anon: res}}}
}

// release takes left out of RES, which is res before.
func release(seconds, res, asked, left int64) mem.Frame {
	when := (100 + mem.Instant(seconds)) * sec
	return mem.Frame{At: when, Event: &mem.Event{
		At: when, PID: pid, Call: mem.Madvise, Advice: "MADV_DONTNEED", Who: mem.WhoBackground,
		Addr: mem.Addr(seconds) << 30, Len: uint64(asked), Attributed: -left,
		Before: mem.RSS{Anon: res}, After: mem.RSS{Anon: res - left},
	}}
}

func collapse(seconds, res, grew int64) mem.Frame {
	when := (100 + mem.Instant(seconds)) * sec
	return mem.Frame{At: when, Mark: &mem.Mark{At: when, PID: pid, Kind: mem.MarkCollapse, Grew: &grew, RSS: mem.RSS{Anon: res}}}
}

func gc(seconds int64, n uint32) mem.Frame {
	when := (100 + mem.Instant(seconds)) * sec
	return mem.Frame{At: when, Mark: &mem.Mark{At: when, PID: pid, Kind: mem.MarkGC, NumGC: n}}
}

func measure(frames ...mem.Frame) (Course, explain.Verdict) {
	a := explain.NewAccumulator()
	m := NewMeter(a)
	for _, f := range frames {
		m.Observe(f)
	}
	return m.Course(), a.Verdict()
}

// story: 10 MiB, up to 110 by faults, a GC, then 100 MiB back in ten calls of 10
// MiB at 31, 32, ... 40 s, of which khugepaged returns 2.
func story() []mem.Frame {
	frames := []mem.Frame{header(), at(0, 10*mib), at(10, 60*mib), at(20, 110*mib), gc(30, 1)}
	for i := range int64(10) {
		frames = append(frames, release(31+i, (110-10*i)*mib, 12*mib, 10*mib))
	}
	return append(frames, collapse(50, 12*mib, 2*mib), at(60, 12*mib))
}

func TestCourseOfAStory(t *testing.T) {
	c, _ := measure(story()...)
	type number struct{ got, want int64 }
	for name, n := range map[string]number{
		"start":    {c.Start, 10 * mib},
		"peak":     {c.Peak, 110 * mib},
		"low":      {c.Low, 10 * mib},
		"rest":     {c.Rest, 12 * mib},
		"given":    {c.GivenBack, 98 * mib},
		"duration": {c.Duration, int64(60 * sec)},
		"peak at":  {c.PeakAfter, int64(20 * sec)},
		"gap":      {c.LongestGap, int64(11 * sec)},
		"still":    {c.Still, int64(10 * sec)}, // the collapse moved it
		// Half: at or below 61 MiB, which is 60 after the fifth call, at 35 s.
		"half":        {c.Half.After, int64(15 * sec)},
		"half within": {c.Half.Within, 0}, // the reading before is the call's own entry
		// Nine tenths: at or below 110-88.2 = 21.8: 20 after the ninth.
		"nine tenths": {c.NineTenths.After, int64(19 * sec)},
		// 10 s at 10, 10 at 60, 11 at 110, 1 each at 100 .. 20, 10 at 10, 10 at 12.
		"area":    {int64(c.Area), (10*10 + 10*60 + 11*110 + 9*60 + 10*10 + 10*12) * mib},
		"mean":    {c.Mean, int64(float64((10*10+10*60+11*110+9*60+10*10+10*12)*mib) / 60)},
		"reading": {int64(c.Readings), 3 + 20 + 2},
	} {
		if n.got != n.want {
			t.Errorf("%s: %d, want %d", name, n.got, n.want)
		}
	}
}

func TestPhasesOfAStory(t *testing.T) {
	c, _ := measure(story()...)
	want := []Phase{
		{Name: Growth, Duration: int64(20 * sec), RESStart: 10 * mib, RESEnd: 110 * mib, Faulted: 100 * mib},
		{
			Name: GivingBack, Duration: int64(19 * sec), RESStart: 110 * mib, RESEnd: 20 * mib, GCs: 1,
			Calls: 9, Asked: uint64(108 * mib), LeftRES: 90 * mib, Attributed: 90 * mib, Moved: -90 * mib,
		},
		{
			Name: AtRest, Duration: int64(21 * sec), RESStart: 20 * mib, RESEnd: 12 * mib,
			Calls: 1, Asked: uint64(12 * mib), LeftRES: 10 * mib, Attributed: 10 * mib, Moved: -10 * mib, Collapsed: uint64(2 * mib),
		},
	}
	if len(c.Phases) != len(want) {
		t.Fatalf("%d phases, want %d", len(c.Phases), len(want))
	}
	for i := range want {
		if c.Phases[i] != want[i] {
			t.Errorf("phase\n%+v, want\n%+v", c.Phases[i], want[i])
		}
	}
	calls := Calls{Call: mem.Madvise, Advice: "MADV_DONTNEED", Who: mem.WhoBackground, Calls: 10, Asked: uint64(120 * mib), Attributed: 100 * mib}
	if len(c.Calls) != 1 || c.Calls[0] != calls {
		t.Errorf("calls %+v, want %+v", c.Calls, calls)
	}
}

func TestCourseAtItsEdges(t *testing.T) {
	seconds := func(n int64) int64 { return n * int64(sec) }
	high := at(10, 20*mib)
	high.Sample.VMHWM = uint64(50 * mib)
	other := at(5, 900*mib)
	other.Sample.PID = pid + 1
	unknown := release(5, 900*mib, mib, mib)
	unknown.Event.Notes = []string{mem.NoteRSSUnknown}
	for _, c := range []struct {
		name                    string
		frames                  []mem.Frame
		peak, rest, half, tenth int64 // half, tenth: seconds, -1 for null
		duration                int64
	}{
		{"nothing", nil, 0, 0, -1, -1, 0},
		{"a header alone", []mem.Frame{header()}, 0, 0, -1, -1, 0},
		{"one reading", []mem.Frame{header(), at(3, mib)}, mib, mib, -1, -1, 0},
		{"only growth", []mem.Frame{header(), at(0, mib), at(9, 99*mib)}, 99 * mib, 99 * mib, -1, -1, seconds(9)},
		{"back by less than the jitter", []mem.Frame{header(), at(0, 100*mib), at(9, 98*mib)}, 100 * mib, 98 * mib, -1, -1, seconds(9)},
		{"at once", []mem.Frame{header(), at(0, 100*mib), at(9, 50*mib)}, 100 * mib, 50 * mib, 9, 9, seconds(9)},
		{
			"a plateau that a GC ends with a little more",
			[]mem.Frame{header(), at(0, mib), at(5, 99*mib), at(30, 100*mib), at(31, 10*mib)},
			100 * mib, 10 * mib, 26, 26, seconds(31),
		},
		{
			"half is not gone before it stays so",
			[]mem.Frame{header(), at(0, 100*mib), at(1, 10*mib), at(2, 90*mib), at(3, 40*mib), at(4, 10*mib)},
			100 * mib, 10 * mib, 3, 4, seconds(4),
		},
		{"the first of equal peaks", []mem.Frame{header(), at(0, 100*mib), at(5, 100*mib), at(6, 0), at(7, 50*mib)}, 100 * mib, 50 * mib, 7, 7, seconds(7)},
		{"a peak that only the kernel saw", []mem.Frame{header(), at(0, 10*mib), high, at(12, 10*mib)}, 50 * mib, 10 * mib, 0, 2, seconds(12)},
		{"others, and what is not known", []mem.Frame{header(), at(0, 10*mib), other, unknown, at(6, 10*mib)}, 10 * mib, 10 * mib, -1, -1, seconds(6)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, v := measure(c.frames...)
			if got.Peak != c.peak || got.Rest != c.rest || got.Duration != c.duration {
				t.Errorf("peak %d, rest %d, duration %d; want %d, %d, %d", got.Peak, got.Rest, got.Duration, c.peak, c.rest, c.duration)
			}
			if h, n := after(got.Half), after(got.NineTenths); h != c.half || n != c.tenth {
				t.Errorf("half %d, nine tenths %d; want %d, %d", h, n, c.half, c.tenth)
			}
			if v.Trace != nil {
				checkProperties(t, &got, &v)
			}
		})
	}
}

func after(m *Moment) int64 {
	if m == nil {
		return -1
	}
	return m.After / int64(sec)
}

// checkProperties holds a course to what must be so of any.
func checkProperties(t *testing.T, c *Course, v *explain.Verdict) {
	t.Helper()
	length := float64(c.Duration) / 1e9
	if slack := 1e-6 * (c.Area + 1); c.Area < float64(c.Low)*length-slack || c.Area > float64(c.Peak)*length+slack {
		t.Errorf("area %g is not between %d and %d for %g s", c.Area, c.Low, c.Peak, length)
	}
	if (c.Half == nil) != (c.NineTenths == nil) || c.Half != nil && c.Half.After > c.NineTenths.After {
		t.Errorf("half %+v after nine tenths %+v", c.Half, c.NineTenths)
	}
	if c.Readings > 0 && (c.Peak != v.RESPeak || c.Start != v.RESStart) {
		t.Errorf("start %d, peak %d, the verdict's %d, %d", c.Start, c.Peak, v.RESStart, v.RESPeak)
	}
	var sum Phase
	for i, p := range c.Phases {
		sum.Duration += p.Duration
		sum.GCs, sum.Calls, sum.Asked, sum.Collapsed = sum.GCs+p.GCs, sum.Calls+p.Calls, sum.Asked+p.Asked, sum.Collapsed+p.Collapsed
		sum.LeftRES, sum.Attributed = sum.LeftRES+p.LeftRES, sum.Attributed+p.Attributed
		if p.RESStart+p.Moved+int64(p.Collapsed)+p.Faulted != p.RESEnd {
			t.Errorf("%+v does not add up", p)
		}
		if i > 0 && p.RESStart != c.Phases[i-1].RESEnd {
			t.Errorf("%s begins at %d, %s ends at %d", p.Name, p.RESStart, c.Phases[i-1].Name, c.Phases[i-1].RESEnd)
		}
	}
	if c.Readings == 0 {
		return
	}
	var calls, kinds uint64
	for _, k := range v.Calls {
		calls += k.Calls
	}
	for _, k := range c.Calls {
		kinds += k.Calls
	}
	want := Phase{
		Duration: c.Duration, Calls: calls, GCs: v.GCs, Asked: v.Releases.Asked, LeftRES: v.Releases.LeftRES,
		Attributed: v.Releases.Attributed, Collapsed: v.Collapses.Bytes,
	}
	if sum != want {
		t.Errorf("the phases sum to\n%+v, the verdict says\n%+v", sum, want)
	}
	if kinds != calls {
		t.Errorf("%d calls by kind, %d by the verdict", kinds, calls)
	}
}

// random is a trace of n frames that wanders.
func random(r *rand.Rand, n int) []mem.Frame {
	frames := []mem.Frame{header()}
	res, when := 50*mib, int64(0)
	for i := range n {
		when += r.Int64N(3)
		switch r.IntN(6) {
		case 0:
			frames = append(frames, gc(when, uint32(i)))
		case 1, 2:
			left := r.Int64N(res / 2)
			frames = append(frames, release(when, res, left+4096, left))
			res -= left
		case 3:
			grew := r.Int64N(2 * mib)
			res += grew
			frames = append(frames, collapse(when, res, grew))
		default:
			res += r.Int64N(8 * mib)
			frames = append(frames, at(when, res))
		}
	}
	return frames
}

// naive finds the moment by looking at all readings from the end.
func naive(readings []point, level int64, peak mem.Instant) int64 {
	for i := len(readings) - 1; i >= 0; i-- {
		if readings[i].res > level {
			return int64(readings[i+1].at - peak)
		}
	}
	return -1
}

func TestRandomCourses(t *testing.T) {
	for seed := range uint64(300) {
		frames := random(rand.New(rand.NewPCG(seed, 1)), 200)
		c, v := measure(frames...)
		checkProperties(t, &c, &v)
		var all []point
		peak, top := point{}, point{}
		for _, f := range frames {
			for _, p := range readingsOf(f) {
				all = append(all, p)
				if p.res > peak.res {
					peak = p
				}
			}
		}
		for i := len(all) - 1; i >= 0; i-- {
			if all[i].res >= peak.res-Jitter(peak.res) {
				top = all[i]
			}
		}
		if got := int64(top.at - all[0].at); c.PeakAfter != got {
			t.Errorf("seed %d: risen after %d, want %d", seed, c.PeakAfter, got)
		}
		if c.Half == nil {
			continue
		}
		if want := naive(all, c.Peak-c.GivenBack/2, top.at); c.Half.After != want {
			t.Errorf("seed %d: half after %d, want %d", seed, c.Half.After, want)
		}
		if want := naive(all, c.Peak-(c.GivenBack-c.GivenBack/10), top.at); c.NineTenths.After != want {
			t.Errorf("seed %d: nine tenths after %d, want %d", seed, c.NineTenths.After, want)
		}
	}
}

func readingsOf(f mem.Frame) []point {
	switch {
	case f.Event != nil:
		return []point{{at: f.At, res: f.Event.Before.Total()}, {at: f.At, res: f.Event.After.Total()}}
	case f.Sample != nil:
		return []point{{at: f.At, res: f.Sample.RSS.Total()}}
	case f.Mark != nil && f.Mark.Kind == mem.MarkCollapse:
		return []point{{at: f.At, res: f.Mark.RSS.Total()}}
	}
	return nil
}

// Hours of small releases: what is kept is bounded, and the times are still those
// of the levels to within a two-thousandth of the fall.
func TestBounded(t *testing.T) {
	const calls = 50_000
	page := int64(4096)
	a := explain.NewAccumulator()
	m := NewMeter(a)
	m.Observe(header())
	peak := calls*page + mib
	for i := range int64(calls) {
		f := release(i, peak-i*page, page, page)
		m.Observe(f)
		if n := len(m.line.fall.steps); n > maxSteps {
			t.Fatalf("%d steps are kept", n)
		}
	}
	c := m.Course()
	for name, x := range map[string]struct {
		got  *Moment
		want float64
	}{"half": {c.Half, calls / 2}, "nine tenths": {c.NineTenths, calls * 0.9}} {
		if got := float64(x.got.After) / float64(sec); math.Abs(got-x.want) > calls/1000 {
			t.Errorf("%s after %g s, want %g", name, got, x.want)
		}
	}
	v := a.Verdict()
	checkProperties(t, &c, &v)
}

// A recording is input from anywhere.
func TestMeterBearsAnyFrames(t *testing.T) {
	m := NewMeter(explain.NewAccumulator())
	m.Observe(mem.Frame{})
	for i := range int64(2000) {
		f := release(i, math.MaxInt64/2, math.MaxInt64, math.MinInt64)
		f.Event.Who, f.Event.At, f.Event.Dur = mem.Who(string(rune('a'+i))), math.MinInt64+mem.Instant(i), math.MaxInt64
		m.Observe(f)
		m.Observe(at(math.MaxInt64/int64(sec)-i, math.MaxInt64-i))
	}
	if c := m.Course(); len(c.Calls) > maxKinds+1 || c.Duration < 0 || c.LongestGap < 0 || c.Area < 0 {
		t.Errorf("%d kinds of calls, duration %d, gap %d, area %g", len(c.Calls), c.Duration, c.LongestGap, c.Area)
	}
}

func BenchmarkObserve(b *testing.B) {
	m := NewMeter(explain.NewAccumulator())
	m.Observe(header())
	i := int64(0)
	for b.Loop() {
		i = (i + 1) % 10_000
		m.Observe(release(i, (20_000-i)*4096, 4096, 4096))
	}
}
