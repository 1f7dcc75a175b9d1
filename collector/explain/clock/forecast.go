package clock

import "whyres/collector/mem"

// Stage is what is waited for.
type Stage string

// The stages.
const (
	// Working: the scavenger is at work.
	Working Stage = "working"
	// Asked: there is work for it, and it waits until sysmon wakes it.
	Asked Stage = "asked"
	// NextGC: free memory that the scavenger does not touch before a GC.
	NextGC Stage = "next-gc"
	// Garbage: how much is free shows with the next GC.
	Garbage Stage = "garbage"
)

// Forecast is what is expected to leave RES.
type Forecast struct {
	Stage Stage
	// Bytes that leave RES; 0 with Garbage, where only a bound is known of the
	// objects that no GC has marked: UpTo. Of the others some may have died too.
	Bytes, UpTo int64
	// When they leave, from the first to the last. With Garbage no time is told.
	When Window
	// Sooner is when they leave if sysmon is still awake as the GC has swept: it
	// naps for 10 ms after it has started one, and sleeps deeply unless something
	// runs then. On a quiet host a small heap is done by that time, on a busy one
	// it often is not: which it will be cannot be told. Zero where it is all the
	// same.
	Sooner Window
	// AfterGC is the number of the GC that it waits for, 0 for none, and GC when
	// that is forced if nothing has it sooner; zero where it is not.
	AfterGC uint32
	GC      Window
	// ByGrowth: that GC comes by the heap's growth, before one would be forced, at
	// the pace since the last at about GrowsAt; 0 where no time can be told. Then
	// no window is given.
	ByGrowth bool
	GrowsAt  mem.Instant
	// Why in plain words.
	Why string
}

// Next is what is expected next of the process; nil where nothing is, or nothing
// can be told.
func Next(f *Facts) *Forecast {
	if !f.readable() || f.stays() {
		return nil
	}
	if f.GoMinor < firstDontNeed {
		return old(f)
	}
	now, next := f.goesNow(), f.goesNext()
	if f.parked() {
		now, next = 0, max(now, next)
	}
	switch {
	case f.worth(now) && 3*now >= next:
		return release(f, now)
	case f.worth(next-now) && f.Stats.NumGC > 0:
		return afterGC(f, next-now)
	case f.worth(now):
		return release(f, now)
	}
	return garbage(f)
}

// asked: the scavenger has work, and waits for sysmon. Where its state was not
// read: a sweep asks it, and sysmon has not woken since the last GC.
func (f *Facts) asked() bool {
	c := f.Clock
	switch {
	case c == nil:
		return false
	case c.ScavengerRead:
		return c.ScavengerAsked
	}
	return c.SysmonRan != 0 && c.SysmonRan < f.Stats.LastGC.Add(slack)
}

// parked: the scavenger has nothing to do until another GC, whatever has become
// free since. It waits, nobody asked for it, and no timer is set for it: then
// sysmon would not sleep so long.
func (f *Facts) parked() bool {
	return f.steady() && f.Clock.ScavengerRead && f.Clock.ScavengerParked && !f.Clock.ScavengerAsked
}

// release: the scavenger may take these bytes as things are.
func release(f *Facts, bytes int64) *Forecast {
	out := &Forecast{Stage: Working, Bytes: bytes, When: Window{f.At, f.At.Add(pace(bytes))}, Why: whyWorking}
	if f.asked() && f.asleep() {
		w := f.wake()
		out.Stage, out.When, out.Why = Asked, Window{w.From, w.To.Add(pace(bytes))}, whyAsked
	}
	return out
}

// afterGC: the bytes are free, and go after the next GC.
func afterGC(f *Facts, bytes int64) *Forecast {
	out := &Forecast{Stage: NextGC, Bytes: bytes, AfterGC: f.Stats.NumGC + 1}
	gc, ok := f.forced()
	if !ok {
		return nil
	}
	if at, yes := f.growth(); yes {
		return afterGrowth(f, out, at)
	}
	least, most := f.step()
	out.GC = gc
	if f.steady() {
		out.Sooner = Window{gc.From, gc.To.Add(slack + pace(bytes))}
	}
	out.When = Window{gc.From.Add(least), gc.To.Add(most + pace(bytes))}
	out.Why = whyNextGC(f, out)
	return out
}

// afterGrowth: until the heap is at its goal the program takes up to as much of
// what is free. Of one with GCs one after the other nothing is foretold: it uses
// again what each of them frees.
func afterGrowth(f *Facts, out *Forecast, at mem.Instant) *Forecast {
	out.Bytes -= int64(min(above(f.Stats.NextGC, f.HeapAlloc), 1<<62))
	if f.HeapAlloc == 0 || f.busy() || !f.worth(out.Bytes) {
		return garbage(f)
	}
	out.ByGrowth, out.GrowsAt, out.Why = true, at, whyAfterGrowth(f, out)
	return out
}

// garbage: what has died since the last GC shows only with the next.
func garbage(f *Facts) *Forecast {
	untold := f.untold()
	if !f.worth(untold) || untold < f.RES/10 || f.busy() {
		return nil
	}
	out := &Forecast{Stage: Garbage, UpTo: untold, AfterGC: f.Stats.NumGC + 1}
	gc, ok := f.forced()
	at, grows := f.growth()
	switch {
	case grows:
		out.ByGrowth, out.GrowsAt = true, at
	case ok:
		out.GC = gc
	case f.Stats.NumGC > 0:
		return nil // GOGC is off
	}
	out.Why = whyGarbage(f, out)
	return out
}

// busy: GCs come by the heap's growth, one after the other: there is always
// something that the last has not seen.
func (f *Facts) busy() bool {
	const calm = 1e10 // 10 s
	return f.Stats.NumGC > 0 && f.Stats.LastGC > 0 && f.At.Sub(f.Stats.LastGC) < calm
}

// old is Go before 1.16, told to use MADV_DONTNEED: what is above the goal goes,
// but when is not told. Up to 1.12 a page must have been free for five minutes;
// 1.13 to 1.15 were seen to go on at once after a GC, and only after the next.
func old(f *Facts) *Forecast {
	bytes := f.goesNow()
	if f.GoMinor < firstBackground {
		bytes = resident(f.Pages.Idle, f.Pages.Idle.Bytes)
	}
	if !f.worth(bytes) {
		return nil
	}
	out := &Forecast{Stage: Working, Bytes: bytes, Why: whyOld}
	if f.GoMinor < firstBackground {
		out.Why = whyOldest
	}
	return out
}
