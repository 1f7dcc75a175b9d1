package course

import (
	"testing"

	"whyres/collector/mem"
)

// tenths is an instant so many tenths of a second after the header.
func tenths(n int64) mem.Instant { return 100*sec + mem.Instant(n)*sec/10 }

// sampled is a sample with the kernel's own mark.
func sampled(when mem.Instant, res, mark int64) mem.Frame {
	return mem.Frame{At: when, Sample: &mem.Sample{At: when, PID: pid, RSS: mem.RSS{Anon: res}, VMHWM: uint64(mark)}}
}

// lasting is a call that ran from one instant to another, and what RES was at both.
// Its frame comes when it ends.
func lasting(from, to mem.Instant, before, after int64) mem.Frame {
	return mem.Frame{At: to, Event: &mem.Event{
		At: from, Dur: int64(to - from), PID: pid, Call: mem.Madvise, Advice: "MADV_DONTNEED", Who: mem.WhoBackground,
		Len: uint64(before), Attributed: after - before, Before: mem.RSS{Anon: before}, After: mem.RSS{Anon: after},
	}}
}

// What a long call saw at its entry does not undo what was read while it ran.
func TestCallsThatOverlap(t *testing.T) {
	long := lasting(tenths(10), tenths(30), 100*mib, 10*mib)
	for _, c := range []struct {
		name       string
		frames     []mem.Frame
		peak, half int64 // half: tenths of a second after the peak
		area       int64 // MiB seconds
	}{
		{
			"a shorter call", // 100 for 1.2 s, 40 for 1.8, 10 for 2
			[]mem.Frame{sampled(tenths(0), 100*mib, 0), lasting(tenths(11), tenths(12), 100*mib, 40*mib), long, sampled(tenths(50), 10*mib, 0)},
			100 * mib, 12, 120 + 72 + 20,
		},
		{
			"a sample", // 100 for 2 s, 40 for 1, 10 for 2
			[]mem.Frame{sampled(tenths(0), 100*mib, 0), sampled(tenths(20), 40*mib, 0), long, sampled(tenths(50), 10*mib, 0)},
			100 * mib, 20, 200 + 40 + 20,
		},
		{
			"none", // 60 for 1 s, 100 for 2, 10 for 2
			[]mem.Frame{sampled(tenths(0), 60*mib, 0), long, sampled(tenths(50), 10*mib, 0)},
			100 * mib, 20, 60 + 200 + 20,
		},
		{
			"the peak was at the entry", // 60 for 2 s, 40 for 1, 10 for 2; half of 90 has gone when it shows
			[]mem.Frame{sampled(tenths(0), 60*mib, 0), sampled(tenths(20), 40*mib, 0), long, sampled(tenths(50), 10*mib, 0)},
			100 * mib, 0, 120 + 40 + 20,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, v := measure(append([]mem.Frame{header()}, c.frames...)...)
			checkProperties(t, &got, &v)
			if got.Half == nil {
				t.Fatal("no half")
			}
			if got.Peak != c.peak || got.Half.After != c.half*int64(sec)/10 || int64(got.Area+0.5) != c.area*mib {
				t.Errorf("peak %d, half after %d, area %g MiB.s; want %d, %d tenths, %d", got.Peak, got.Half.After, got.Area/float64(mib), c.peak, c.half, c.area)
			}
		})
	}
}

// The kernel's mark begins anew at an exec: one lower than the old program's is a
// peak of the new one, and all of it is the trace's, however that began.
func TestPeakOverAnExec(t *testing.T) {
	exec := mem.Frame{At: tenths(20), Mark: &mem.Mark{At: tenths(20), PID: pid, Kind: mem.MarkExec, Comm: "next"}}
	for _, c := range []struct {
		name            string
		fromStart       bool
		old, mark, want int64 // old is the old program's mark
	}{
		{"attached to, the mark was of before", false, 500, 300, 300},
		{"from the start, the old program's is higher", true, 500, 300, 500},
		{"from the start, the new program's is higher", true, 200, 300, 300},
		{"no mark before", false, 0, 300, 300},
		{"no peak that was not read", false, 500, 100, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := header()
			h.Header.FromStart = c.fromStart
			got, v := measure(h, sampled(tenths(10), 100*mib, c.old*mib), exec, sampled(tenths(30), 50*mib, c.mark*mib))
			checkProperties(t, &got, &v)
			if got.Peak != c.want*mib || v.RESPeak != c.want*mib {
				t.Errorf("peak %d, the verdict's %d; want %d", got.Peak, v.RESPeak, c.want*mib)
			}
		})
	}
}

// When a peak was that only the kernel's mark tells of, nobody saw: nor when it had
// gone.
func TestPeakThatShowsLater(t *testing.T) {
	for _, c := range []struct {
		name          string
		frames        []mem.Frame
		after, within int64 // of half, in tenths of a second
	}{
		{"between two samples", []mem.Frame{sampled(tenths(10), 100*mib, 100*mib), sampled(tenths(20), 50*mib, 200*mib)}, 0, 10},
		{"before the first", []mem.Frame{sampled(tenths(7), 50*mib, 200*mib)}, 0, 7},
		{"and half went after a sample", []mem.Frame{
			sampled(tenths(10), 100*mib, 100*mib), sampled(tenths(20), 190*mib, 200*mib), sampled(tenths(35), 50*mib, 200*mib),
		}, 15, 15},
		{"at the entry of a call that ends later", []mem.Frame{
			sampled(tenths(0), 60*mib, 60*mib), sampled(tenths(20), 40*mib, 60*mib), lasting(tenths(12), tenths(30), 100*mib, 10*mib),
		}, 0, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, v := measure(append([]mem.Frame{header()}, c.frames...)...)
			checkProperties(t, &got, &v)
			want := Moment{After: c.after * int64(sec) / 10, Within: c.within * int64(sec) / 10}
			if got.Half == nil || *got.Half != want {
				t.Errorf("half %+v, want %+v", got.Half, want)
			}
		})
	}
}
