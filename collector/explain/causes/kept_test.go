package causes

import (
	"testing"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

func TestKept(t *testing.T) {
	live := leaf{ledger.HeapLive, 40}
	dense, due, goal := leaf{ledger.IdleDense, 30}, leaf{ledger.IdleDue, 30}, leaf{ledger.IdleGoal, 30}
	limited := func(f *Facts) { f.Sample.MemStats.MemoryLimit = 1 << 30 }
	next := func(mib uint64) func(*Facts) {
		return pages(mem.GoPages{Next: mem.Amount{Bytes: mib * oneMiB, Resident: mib * oneMiB}})
	}
	parked := func(f *Facts) { f.Sample.Clock = &mem.GoClock{ScavengerParked: true, ScavengerAsked: true} }
	allocated := func(mib uint64) func(*Facts) {
		return func(f *Facts) { f.Sample.MemStats.HeapAlloc += mib * oneMiB }
	}
	// Nothing of the program has run since its last GC, 20 s ago.
	idle := with(lastGCAgo(20*time.Second), busy, func(f *Facts) {
		f.Sample.Clock = &mem.GoClock{
			SysmonRan: f.Sample.At.Add(-20 * time.Second), SysmonWakes: f.Sample.At.Add(40 * time.Second), SysmonSleep: int64(time.Minute),
			ScavengerRead: true, ScavengerParked: true, ScavengerAsked: true,
		}
	})
	settled := lastGCAgo(150 * time.Second)
	advice := func(advice string) func(*Facts) {
		return func(f *Facts) { f.Sample.Clock = &mem.GoClock{Advice: advice} }
	}
	godebug := func(setting string) func(*Facts) {
		return func(f *Facts) { f.Process.Env = map[string]string{"GODEBUG": setting} }
	}
	locked := func(f *Facts) {
		f.Ledger.Parts = append(f.Ledger.Parts, ledger.Part{ID: "heap", Bytes: f.RES()})
		f.HeapLocked = uint64(f.RES())
	}
	passed := func(f *Facts) { f.Sample.MemStats.NextGC = 5 * oneMiB }
	checkHeap(t, []heapCase{
		{"full chunks, after a quiet minute", gcClock, goFacts(nil, live, dense), Possible, 30, "wait for two more GCs"},
		{"full chunks that were full before the last GC", gcClock, goFacts(next(30), live, dense), Possible, 30, "wait for the next GC"},
		{"more than fits below the goal", gcClock, goFacts(with(lastGCAgo(time.Second), func(f *Facts) { f.Sample.MemStats.NextGC = 44 * oneMiB }), live, dense), Proved, 15, "two more GCs"},
		{"idle since the last GC: nothing is left out", gcClock, goFacts(idle, live, dense), Likely, 30, "wait: the next GC"},
		{"idle, and the scavenger is asked", gcClock, goFacts(idle, live, due), Likely, 30, "wait: the monitor thread wakes the scavenger in 40 s at the latest; they need no GC"},
		{"idle, and the scavenger is done", gcClock, goFacts(with(idle, func(f *Facts) { f.Sample.Clock.ScavengerAsked = false }), live, due), Likely, 30, "wait: the next GC"},
		{"a first GC, which is never forced", gcClock, goFacts(with(noGC, passed), live, goal), Proved, 30, "waiting helps only while the program allocates: the next GC comes as soon as the program allocates more (its objects are 40.0 MiB, above the goal of 5.0 MiB); none is forced"},
		{"a goal that is passed", gcClock, goFacts(with(settled, passed), live, dense), Proved, 30, "allocates more (its objects are 40.0 MiB, above the goal of 5.0 MiB), or by force"},
		{"GOGC is off: nothing tells what it fills", gcClock, goFacts(with(gogcIs(-1), func(f *Facts) { f.Sample.MemStats.NextGC = 1 << 63 }), live, due), Possible, 30, "may give them back now"},
		{"by MADV_FREE", gcClock, goFacts(with(settled, advice("MADV_FREE")), live, dense), Proved, 30, "that will not lower RES: this process gives memory back by MADV_FREE"},
		{"by MADV_FREE, as GODEBUG says", gcClock, goFacts(with(settled, godebug("madvdontneed=1,madvdontneed=0")), live, dense), Proved, 30, "without madvdontneed=0"},
		{"by MADV_FREE, as the version does", gcClock, goFacts(with(settled, builtBy("go1.15.15")), live, due), Proved, 30, "start it with GODEBUG=madvdontneed=1"},
		{"told otherwise", gcClock, goFacts(with(settled, builtBy("go1.15.15"), godebug("madvdontneed=1")), live, due), Proved, 30, "wait: the scavenger gets to them by itself"},
		{"locked before Go 1.21", gcClock, lockedBy(locked, goFacts(with(settled, builtBy("go1.20.14")), live, dense)), Proved, 30, "drop mlockall"},
		{"locked", gcClock, lockedBy(locked, goFacts(settled, live, dense)), Proved, 30, "stays unless it was locked with MCL_ONFAULT"},
		{"it says when", gcClock, goFacts(nil, live, dense), Possible, 30, "when the heap grows to 80.0 MiB (its objects are 40.0 MiB now), or by force in 1m00s"},
		{"a GC is due", gcClock, goFacts(lastGCAgo(150*time.Second), live, dense), Proved, 30, "by force within 30 s"},
		{"above the goal", gcClock, goFacts(parked, live, due), Possible, 30, "it sleeps, and the monitor thread wakes it"},
		{"chunks and goal", gcClock, goFacts(nil, live, dense, due), Possible, 60, "GC 31, the last, ended 1m00s ago"},
		{"no GC has run yet", gcClock, goFacts(with(noGC, func(f *Facts) { f.Sample.MemStats.NextGC = 44 * oneMiB }), live, goal), Proved, 15, "no GC has run yet"},
		{"before a GC in full work", gcClock, goFacts(with(busy, lastGCAgo(time.Second)), live, dense), "", 0, ""},
		{"much more than full work fills", gcClock, goFacts(with(busy, lastGCAgo(time.Second)), live, leaf{ledger.IdleDense, 600}), Proved, 600, "two more GCs"},
		{"more than full work fills", gcClock, goFacts(with(busy, lastGCAgo(time.Second)), live, leaf{ledger.IdleDense, 100}), Possible, 40, "60.0 MiB of these are left out"},
		{"the larger part of what is taken tells", gcClock, goFacts(lastGCAgo(time.Second), live, leaf{ledger.IdleDense, 70}, leaf{ledger.IdleDue, 60}), Proved, 70, "wait for the scavenger"},
		{"what a slow program fills before the forced GC", gcClock, goFacts(allocated(28), live, dense), "", 0, ""},
		{"a tenth of what is in use", gcClock, goFacts(nil, live, leaf{ledger.IdleDense, 4}), "", 0, ""},
		{"the goal's", gcClock, goFacts(nil, live, goal), "", 0, ""},

		{"unused headroom", goalMet, goFacts(settled, live, goal), Proved, 30, "GOGC=25 (now 100)"},
		{"unused headroom, and it says so", goalMet, goFacts(settled, live, goal), Proved, 30, "and the program does not use them"},
		{"headroom of a program that has not run since", goalMet, goFacts(idle, live, goal), Likely, 30, "one look cannot tell a pause between bursts of work"},
		{"headroom between two bursts", goalMet, goFacts(with(lastGCAgo(18*time.Second), func(f *Facts) { f.Sample.MemStats.NumGC = 720 }), live, goal), Possible, 30, "looks the same for two minutes"},
		{"headroom in use", goalMet, goFacts(with(busy, lastGCAgo(time.Second)), live, goal), Possible, 30, "that is healthy"},
		{"right after a GC", goalMet, goFacts(lastGCAgo(3*time.Second), live, goal), Possible, 30, "100.0 MiB with what is free"},
		{"headroom that fills slowly", goalMet, goFacts(allocated(30), live, goal), Possible, 30, "within what the scavenger lets the heap keep"},
		{"a tenth, which the runtime always leaves", goalMet, goFacts(nil, live, leaf{ledger.IdleGoal, 9}), Possible, 9, "kept for growth"},
		{"no GC", goalMet, goFacts(noGC, live, goal), "", 0, ""},
		{"a GOGC that cannot be much lower", goalMet, goFacts(gogcIs(8), live, goal), Possible, 30, "GOMEMLIMIT"},

		{"objects and free memory", gogcOff, goFacts(gogcIs(-1), live, leaf{ledger.HeapGarbage, 50}, dense, goal), Proved, 110, "no GC comes by itself"},
		{"with a limit", gogcOff, goFacts(with(gogcIs(-1), limited), live, leaf{ledger.HeapGarbage, 50}), Possible, 50, "near the memory limit of 1.0 GiB"},
		{"what the scavenger may give back", gogcOff, goFacts(gogcIs(-1), live, due), "", 0, ""},
		{"GOGC is on", gogcOff, goFacts(nil, live, leaf{ledger.HeapGarbage, 50}), "", 0, ""},
		{"the runtime was not read", gogcOff, goFacts(with(gogcIs(-1), func(f *Facts) { f.Sample.MemStats.Source = "" }), live, leaf{ledger.HeapGarbage, 50}), "", 0, ""},

		{"Go 1.12", oldScavenger, goFacts(with(settled, builtBy("go1.12.17")), live, leaf{ledger.HeapIdle, 30}), Proved, 30, "unused for five minutes"},
		{"Go 1.12 releases lazily", oldScavenger, goFacts(with(settled, builtBy("go1.12.17")), live, leaf{ledger.HeapIdle, 30}), Proved, 30, "that will not lower RES"},
		{"Go 1.12, told otherwise", oldScavenger, goFacts(with(settled, builtBy("go1.12.17"), godebug("madvdontneed=1")), live, leaf{ledger.HeapIdle, 30}), Proved, 30, "wait: they go within 5 to 8.5 minutes"},
		{"Go 1.12 in full work", oldScavenger, goFacts(with(builtBy("go1.12.17"), busy, lastGCAgo(time.Second)), live, leaf{ledger.HeapIdle, 30}), "", 0, ""},
		{"Go 1.13", oldScavenger, goFacts(builtBy("go1.13.15"), live, leaf{ledger.HeapIdle, 30}), "", 0, ""},
		{"an unknown version", oldScavenger, goFacts(builtBy(""), live, leaf{ledger.HeapIdle, 30}), "", 0, ""},
	})
}

// lockedBy locks it once its ledger is whole.
func lockedBy(lock func(*Facts), f *Facts) *Facts {
	lock(f)
	return f
}

// What is kept because GOGC is off is told once, as that.
func TestKeptOnce(t *testing.T) {
	f := goFacts(gogcIs(-1), leaf{ledger.HeapGarbage, 50}, leaf{ledger.IdleDense, 30}, leaf{ledger.IdleGoal, 20})
	j := Judge(All(), f)
	if len(j.Causes) != 1 || j.Causes[0].ID != "gogc-off" || j.Causes[0].Bytes != 100*oneMiB || j.Healthy != 0 {
		t.Errorf("%+v, healthy %d", j.Causes, j.Healthy)
	}
}
