package explain

import (
	"slices"
	"strings"
	"testing"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

func TestSentencesOfAStory(t *testing.T) {
	want := []string{
		"12.2 MiB (26 % of RES) are free in Go's heap and wait for the scavenger, which may give them back now [gc-clock, proved].",
		"7.8 MiB (16 % of RES) are objects that GC 4, 13 s before the end, found live: a heap profile tells what holds them; what has died since shows with the next GC: it comes when the heap reaches 16.0 MiB, or some two minutes after the last.",
		"5.9 MiB (12 % of RES) are goroutine stacks.",
		"3 calls asked the kernel to take 224.0 KiB back; 164.0 KiB left RES; 32.0 KiB were refused; 52.0 KiB were taken again.",
	}
	if got := observe(story()...).Why; !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// one makes a verdict of a single part of 10 MiB.
func one(id string, change func(v *Verdict)) *Verdict {
	v := &Verdict{RES: 10 * mib, Ledger: []ledger.Part{{ID: id, Bytes: 10 * mib, What: "what it is"}}}
	v.MemStats = mem.MemStats{Source: "memory", GCPercent: 100}
	change(v)
	return v
}

// idle adds a part of heap.idle, in MiB.
func idle(v *Verdict, id string, size int64) {
	v.Ledger = append(v.Ledger, ledger.Part{ID: id, Parent: ledger.HeapIdle, Bytes: size * mib})
}

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		name, id string
		change   func(v *Verdict)
		want     string
		not      string
	}{
		{"idle, nothing known", ledger.HeapIdle, func(*Verdict) {}, "10.0 MiB (100 % of RES) are free in Go's heap and not released.", ":"},
		{"idle below the goal", ledger.HeapIdle, func(v *Verdict) {
			v.MemStats.ScavengeGCPercentGoal, v.MemStats.HeapSys = 12*mib, 11*mib
			idle(v, ledger.IdleGoal, 10)
		}, "not released: all of them are kept: the runtime keeps heap memory up to its goal of 12.0 MiB, and holds 11.0 MiB", "may release"},
		{"idle above the goal", ledger.HeapIdle, func(v *Verdict) {
			v.MemStats.ScavengeGCPercentGoal, v.MemStats.HeapSys = 8*mib, 11*mib
			idle(v, ledger.IdleGoal, 7)
			idle(v, ledger.IdleDue, 3)
		}, "7.0 MiB are kept: they are within the runtime's goal of 8.0 MiB; 3.0 MiB are above what the scavenger aims at: it may release these now.", ""},
		{"idle below the GC's goal, above the memory limit's", ledger.HeapIdle, func(v *Verdict) {
			v.MemStats.ScavengeGCPercentGoal, v.MemStats.HeapSys = 12*mib, 11*mib
			idle(v, ledger.IdleDue, 10)
		}, "not released: all of them are above what the scavenger aims at: it may release these now.", "kept"},
		{"idle, due, locked", ledger.HeapIdle, func(v *Verdict) {
			idle(v, ledger.IdleDue, 10)
			v.Ledger = append(v.Ledger, ledger.Part{ID: "heap", Bytes: 10 * mib})
			v.HeapLocked = 10 * mib
		}, "Go's heap is locked in memory (mlock, mlockall): a release takes nothing out of RES", "may release"},
		{"idle, due, locked in part", ledger.HeapIdle, func(v *Verdict) {
			idle(v, ledger.IdleDue, 10)
			v.Ledger = append(v.Ledger, ledger.Part{ID: "heap", Bytes: 10 * mib})
			v.HeapLocked = 4 * mib
		}, "4.0 MiB of Go's heap are locked", "may release"},
		{"idle, the scavenger has nothing to do", ledger.HeapIdle, func(v *Verdict) {
			v.MemStats.ScavengeGCPercentGoal, v.MemStats.NumGC = ^uint64(0), 3
			idle(v, ledger.IdleGoal, 10)
		}, "no goal that asks for these", "release these now"},
		{"idle, no GC yet", ledger.HeapIdle, func(v *Verdict) { idle(v, ledger.IdleGoal, 10) }, "no GC has run yet", "release these now"},
		{"idle, a sliver dense", ledger.HeapIdle, func(v *Verdict) {
			v.MemStats.NumGC = 3
			idle(v, ledger.IdleDue, 100)
			v.Ledger = append(v.Ledger, ledger.Part{ID: ledger.IdleDense, Bytes: 16 << 10})
		}, "release these now", "dense"},
		{"idle, all of it dense", ledger.HeapIdle, func(v *Verdict) { idle(v, ledger.IdleDense, 10) }, "not released: all of them lie in chunks", "10.0 MiB of them"},
		{"idle, part of it told by a cause", ledger.HeapIdle, func(v *Verdict) {
			idle(v, ledger.IdleDue, 10)
			v.Causes = []Cause{{Confidence: causes.Proved, Takes: []causes.Take{{Leaf: ledger.IdleDue, Bytes: 4 * mib}}}}
		}, "6.0 MiB (60 % of RES) more are free in Go's heap and not released: all of them are above", "10.0 MiB"},
		{"idle, all but a little told by a cause", ledger.HeapIdle, func(v *Verdict) {
			v.RES = 60 * mib
			idle(v, ledger.IdleDue, 10)
			v.Causes = []Cause{{Confidence: causes.Proved, Takes: []causes.Take{{Leaf: ledger.IdleDue, Bytes: 5 * mib}}}}
		}, "", "released"},
		{"idle, ended", ledger.HeapIdle, func(v *Verdict) {
			v.Ended = true
			idle(v, ledger.IdleDue, 10)
		}, "10.0 MiB (100 % of RES) were free in Go's heap and not released.", "may"},
		{"idle, GOGC off with a limit", ledger.HeapIdle, func(v *Verdict) {
			v.MemStats.GCPercent, v.MemStats.MemoryLimit = -1, 100*mib
		}, "near the memory limit", "no GC comes by itself to"},
		{"stacks of the least size", ledger.StacksInUse, func(v *Verdict) {
			v.Pages = &mem.GoPages{Goroutines: &mem.Goroutines{Count: 1000, Live: mem.Amount{Bytes: 2000 << 10}}}
		}, "1000 goroutines with 2.0 KiB each", "halves"},
		{"grown stacks", ledger.StacksInUse, func(v *Verdict) {
			v.Pages = &mem.GoPages{Goroutines: &mem.Goroutines{Count: 100, Live: mem.Amount{Bytes: 3200 << 10}}}
		}, "a GC halves", ""},
		{"idle, GOGC off", ledger.HeapIdle, func(v *Verdict) { v.MemStats.GCPercent = -1 }, "GOGC is off", ""},
		{"live, no GC yet", ledger.HeapLive, func(*Verdict) {}, "live or not", "GC 0"},
		{"live, what has died since", ledger.HeapLive, func(v *Verdict) {
			v.MemStats.HeapMarked, v.MemStats.NextGC, v.MemStats.NumGC = 5*mib, 16*mib, 3
		}, "shows with the next GC: it comes when the heap reaches 16.0 MiB, or some two minutes after the last.", "goes"},
		{"live, GOGC off", ledger.HeapLive, func(v *Verdict) {
			v.MemStats.HeapMarked, v.MemStats.NumGC, v.MemStats.GCPercent, v.MemStats.NextGC = 5*mib, 3, -1, 1<<62
		}, "GOGC is off, so that it comes only when asked for.", "TiB"},
		{"live, ended", ledger.HeapLive, func(v *Verdict) {
			v.MemStats.HeapMarked, v.MemStats.NextGC, v.MemStats.NumGC = 5*mib, 16*mib, 3
			v.Ended, v.LastGCAgo, v.SampleAge, v.Trace = true, 1e9, 3e9, &Trace{}
		}, "were objects that GC 3, 4.0 s before the end, found live.", "next"},
		{"garbage, ended", ledger.HeapGarbage, func(v *Verdict) { v.Ended, v.MemStats.NextGC = true, 16*mib }, "were objects that no GC has found live, garbage or not.", "next"},
		{"garbage, the first GC", ledger.HeapGarbage, func(v *Verdict) { v.MemStats.NextGC = 16 * mib }, "when the heap reaches 16.0 MiB.", "two minutes"},
		{"garbage, the next GC", ledger.HeapGarbage, func(v *Verdict) { v.MemStats.NextGC, v.MemStats.NumGC = 16*mib, 1 }, "when the heap reaches 16.0 MiB, or some two minutes after the last", "off"},
		{"the program, code", ledger.FileExe, func(v *Verdict) { v.ExeAnonymous = 2 * mib }, "the same at rest", "grow"},
		{"the program, a large array", ledger.FileExe, func(v *Verdict) { v.ExeAnonymous = 8 * mib }, "8.0 MiB of them are variables and private copies, which grow", "the same"},
		{"files, clean", ledger.FileMapped, func(*Verdict) {}, "takes clean pages of these back by itself when memory gets short.", "swap"},
		{"files, copies too", ledger.FileMapped, func(v *Verdict) { v.MappedAnonymous = 4 * mib }, "but for 4.0 MiB of variables and private copies, which do not go without swap", ""},
		{"files, copies only", ledger.FileMapped, func(v *Verdict) { v.MappedAnonymous = 10 * mib }, "10.0 MiB of them are variables and private copies, which do not go without swap", "by itself"},
		{"garbage, GOGC off", ledger.HeapGarbage, func(v *Verdict) { v.MemStats.GCPercent = -1 }, "GOGC is off", "reaches"},
		{"released, lazily", ledger.HeapReleased, func(v *Verdict) { v.Smaps = &mem.Smaps{LazyFree: 9 * mib} }, "9.0 MiB of the process are lazily freed (MADV_FREE)", ""},
		{"released, came back", ledger.HeapReleased, func(v *Verdict) { v.Smaps = &mem.Smaps{} }, "resident all the same.", "MADV_FREE"},
		{"a part without words of its own", ledger.CgoHeap, func(*Verdict) {}, "10.0 MiB (100 % of RES) are what it is.", ""},
		{"no trace", ledger.FileMapped, func(*Verdict) {}, "mapped files", "asked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(Sentences(one(c.id, c.change)), "\n")
			if !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
				t.Errorf("%q, want %q, not %q", got, c.want, c.not)
			}
		})
	}
}

func TestSentencesAreOneToFour(t *testing.T) {
	v := &Verdict{RES: 100}
	for range 7 {
		v.Ledger = append(v.Ledger, ledger.Part{ID: ledger.Shmem, Bytes: 14})
	}
	if n := len(Sentences(v)); n != 4 {
		t.Errorf("%d sentences of seven parts, want 4", n)
	}
	if got := Sentences(&Verdict{}); len(got) != 1 || !strings.Contains(got[0], "not known") {
		t.Errorf("%q of an empty verdict", got)
	}
	v = &Verdict{RES: 1000}
	for range 20 {
		v.Ledger = append(v.Ledger, ledger.Part{ID: ledger.Shmem, Bytes: 50})
	}
	if n := len(Sentences(v)); n != 1 {
		t.Errorf("%d sentences of twenty small parts, want the largest alone", n)
	}
}
