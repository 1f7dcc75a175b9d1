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
	// longest is how long a sleep can last: it may have to wait for a CPU after it.
	longest = turn + 10*time.Second
	// undecided: so near to the end of forcePeriod a wake is taken to be after
	// it. A sleep that begins when a GC ends is always over just after it.
	undecided = 300 * time.Millisecond
)

// asleep reports whether sysmon sleeps deeply. The numbers are what lay in the
// target's memory, or in a recording: a sleep that sysmon never makes is none.
func (f *Facts) asleep() bool {
	c := f.Clock
	return c != nil && c.SysmonSleep >= 0 && c.SysmonSleep <= int64(longest) && f.near(c.SysmonWakes)
}

// ran is when sysmon fell asleep, 0 where that is not known.
func (f *Facts) ran() mem.Instant {
	if f.asleep() && f.near(f.Clock.SysmonRan) && f.Clock.SysmonRan <= f.At.Add(slack) {
		return f.Clock.SysmonRan
	}
	return 0
}

// near reports whether an instant is known, and no further away than a sleep.
func (f *Facts) near(i mem.Instant) bool {
	return i > 0 && i >= f.At.Add(-longest) && i <= f.At.Add(longest)
}

// steady: nothing but the sleep's own end wakes it, as far as that can be seen:
// no timer is due within its sleep.
func (f *Facts) steady() bool {
	return f.asleep() && f.Clock.SysmonSleep >= int64(deepSleep-slack)
}

// exact: it is known to the second or so (early) when sysmon wakes.
func (f *Facts) exact() bool { return f.steady() && f.ran() != 0 }

// early is by how much sysmon may wake earlier than is told. The clock by which it
// fell asleep stands still while its CPU handles interrupts, or is taken away by
// the host of a virtual machine: what was lost so since then makes it seem to
// have fallen asleep later. How much that was is not seen: a twentieth is allowed.
func (f *Facts) early() time.Duration {
	const share = 20
	return max(slack, min(f.At.Sub(f.ran()), deepSleep)/share)
}

// wake is when sysmon wakes next. One that is awake looks around within 10 ms.
func (f *Facts) wake() Window {
	if !f.asleep() {
		return Window{f.At, f.At.Add(slack)}
	}
	to := max(f.Clock.SysmonWakes, f.At)
	from := f.At
	if f.ran() != 0 {
		from = max(f.At, f.Clock.SysmonWakes.Add(-f.early()))
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

// due is when the next GC is forced, once sysmon is awake; false where none is. A
// last GC after the sample was not read from a sound program.
func (f *Facts) due() (mem.Instant, bool) {
	m := f.Stats
	if m.NumGC == 0 || m.LastGC <= 0 || m.LastGC > f.At || m.GCPercent < 0 {
		return 0, false
	}
	return m.LastGC.Add(forcePeriod), true
}

// forced is when sysmon starts the next GC, unless the heap's growth does
// before; false where it starts none.
func (f *Facts) forced() (Window, bool) {
	due, ok := f.due()
	switch {
	case !ok:
		return Window{}, false
	case f.exact():
		turns := turnsUntil(f.Clock.SysmonWakes, due.Add(-undecided))
		at := max(f.Clock.SysmonWakes.Add(turns*turn), f.At)
		return Window{max(f.At, at.Add(-f.early())), at.Add(slack + turns*detour)}, true
	}
	wake := f.wake()
	from := max(due, wake.From)
	_, most := f.step()
	to := from.Add(most)
	// The wake that is awaited starts it, if it is known to come after due: one
	// that may come at any time may come just before, and the next a turn later.
	if f.asleep() && wake.To >= due && (f.ran() != 0 || due <= f.At) {
		to = min(to, max(wake.To, from))
	}
	return Window{from, to}, true
}

// turnsUntil is how many turns after the wake the first one comes that is not
// before then.
func turnsUntil(wake, then mem.Instant) time.Duration {
	if wake >= then {
		return 0
	}
	return (then.Sub(wake) + turn - 1) / turn
}
