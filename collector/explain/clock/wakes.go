package clock

import (
	"time"

	"whyres/collector/mem"
)

// Window is a time in which something is expected; zero where no time can be told.
type Window struct{ From, To mem.Instant }

// Known reports whether there is a time at all.
func (w Window) Known() bool { return w.From != 0 }

// has reports whether the instant is in it, but for what the clocks may be off.
func (w Window) has(i mem.Instant) bool {
	return w.Known() && i >= w.From.Add(-slack) && i <= w.To.Add(slack)
}

const (
	// forcePeriod is runtime.forcegcperiod.
	forcePeriod = 120 * time.Second
	// deepSleep is how long sysmon sleeps at most: half of it.
	deepSleep = forcePeriod / 2
	// turn is from one wake to the next: the sleep, and a nap of 10 ms before it.
	turn = deepSleep + 12*time.Millisecond
	// slack is how far the kernel's word on when sysmon fell asleep may be off,
	// and how long it may wait for a CPU.
	slack = time.Second
	// detour is how much longer than turn it may take when the scavenger works
	// in between: its own sleeps are timers for which sysmon wakes.
	detour = 2 * time.Second
	// undecided: so near to the end of forcePeriod a wake is taken to be after
	// it. A sleep that begins when a GC ends is always over just after it.
	undecided = 300 * time.Millisecond
)

// asleep reports whether sysmon sleeps deeply.
func (f *Facts) asleep() bool { return f.Clock != nil && f.Clock.SysmonWakes != 0 }

// steady: nothing but the sleep's own end wakes it, as far as that can be seen:
// no timer is due within its sleep.
func (f *Facts) steady() bool {
	return f.asleep() && f.Clock.SysmonSleep >= int64(deepSleep-slack)
}

// exact: it is known to the second when sysmon wakes.
func (f *Facts) exact() bool { return f.steady() && f.Clock.SysmonRan != 0 }

// wake is when sysmon wakes next. One that is awake looks around within 10 ms.
func (f *Facts) wake() Window {
	if !f.asleep() {
		return Window{f.At, f.At.Add(slack)}
	}
	to := max(f.Clock.SysmonWakes, f.At)
	from := f.At
	if f.Clock.SysmonRan != 0 {
		from = max(f.At, to.Add(-slack))
	}
	return Window{from, to.Add(slack)}
}

// step is how long after one wake the next one comes.
func (f *Facts) step() (least, most time.Duration) {
	switch {
	case f.steady():
		return turn - slack, turn + slack
	case f.Nap > 0:
		return 0, min(f.Nap, deepSleep) + slack
	}
	return 0, turn + slack
}

// forced is when sysmon starts the next GC, unless the heap's growth does
// before; false where it starts none.
func (f *Facts) forced() (Window, bool) {
	m := f.Stats
	if m.NumGC == 0 || m.LastGC <= 0 || m.GCPercent < 0 {
		return Window{}, false
	}
	due := m.LastGC.Add(forcePeriod)
	if f.exact() {
		at, turns := f.Clock.SysmonWakes, time.Duration(0)
		for at < due.Add(-undecided) {
			at = at.Add(turn)
			turns++
		}
		at = max(at, f.At)
		return Window{max(f.At, at.Add(-slack)), at.Add(slack + turns*detour)}, true
	}
	from := max(due, f.wake().From)
	_, most := f.step()
	to := from.Add(most)
	if wake := f.wake(); wake.To >= due && f.asleep() {
		to = min(to, max(wake.To, from))
	}
	return Window{from, to}, true
}
