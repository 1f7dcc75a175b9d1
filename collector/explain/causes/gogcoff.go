package causes

import "whyres/collector/ledger"

// gogcOff: no GC comes by itself.
func gogcOff() Cause {
	return Cause{
		ID: "gogc-off",
		Page: Page{
			What: "GOGC is off: no GC comes by itself, so nothing that the program drops is found, and the scavenger gets no new goal",
			Mechanism: "With GOGC=off or debug.SetGCPercent(-1) the heap may grow without end, and the GC that is otherwise forced every two minutes is off " +
				"too. Objects that are no longer used stay until the program calls runtime.GC() or debug.FreeOSMemory(), or comes near its memory limit. " +
				"Free memory waits as well: only a GC sets the scavenger its goal, and lets it go on to chunks that were full.",
			Proof: "whyres reads GOGC's value as the runtime has it now. Which of the objects are still used only a GC tells. " +
				"With a memory limit this is a common set-up and only called possible: the program is meant to grow up to the limit.",
			Remedy: []string{
				"a finite GOGC: GOGC=100, or debug.SetGCPercent(100)",
				"GOMEMLIMIT (Go 1.19 and newer) at what the program may use: a GC comes near it even with GOGC=off",
				"runtime.GC() in the program where a GC suits it",
			},
			Versions: "All; the memory limit since Go 1.19.",
			Sources:  []string{"runtime/mgc.go: gcTrigger.test (gcTriggerTime)", "runtime/mgcpacer.go: gcControllerState.commit", "runtime/debug: SetGCPercent, SetMemoryLimit"},
		},
		Find: findGOGCOff,
	}
}

func findGOGCOff(f *Facts) *Finding {
	m := f.Stats()
	if m.Source != "memory" || m.GCPercent >= 0 {
		return nil
	}
	takes := f.All(ledger.HeapGarbage, ledger.IdleDense, ledger.IdleGoal)
	if len(takes) == 0 {
		return nil
	}
	found := &Finding{
		Confidence: Proved, Takes: takes,
		Says: "are objects allocated since the last GC, and free memory: GOGC is off, so no GC comes by itself to tell what is still used, or to set the scavenger a goal",
		Evidence: []string{
			"the runtime's GOGC is off (gcPercent is below 0)", f.lastGC(),
			size(f.Leaf(ledger.HeapGarbage)) + " of objects no GC has looked at; whether they are used is not known",
		},
		Remedy: []string{"start it with GOGC=100, or call debug.SetGCPercent(100)", "GOMEMLIMIT at what it may use, with Go 1.19 or newer", "runtime.GC() in the program where that suits it"},
	}
	if f.Limited() {
		found.Confidence = Possible
		found.Says = "are objects allocated since the last GC, and free memory: with GOGC off the next GC comes near the memory limit of " + size(m.MemoryLimit)
		found.Remedy = []string{"a lower GOMEMLIMIT, or a finite GOGC beside it; nothing, where the program may use its limit"}
	}
	return found
}
