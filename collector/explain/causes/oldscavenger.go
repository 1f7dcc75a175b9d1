package causes

import "whyres/collector/ledger"

// oldScavenger: up to Go 1.12 free memory goes back only after five minutes.
func oldScavenger() Cause {
	return Cause{
		ID: "old-scavenger",
		Page: Page{
			What: "Go 1.12 and older gives free memory back only after it has been unused for five minutes",
			Mechanism: "The monitor thread looks every two and a half minutes for stretches of free memory that nobody has used " +
				"for more than five minutes, and gives these back: 5 to 7.5 minutes after a GC has freed them, and up to a minute later " +
				"while the process is idle. Before that a GC has to find them unused, which in an idle process is forced every two minutes.",
			Proof: "The Go version, and free memory that is resident. How long each stretch has been unused is not read.",
			Remedy: []string{
				"Go 1.13 or newer, which gives memory back in the background after a GC; best 1.16 or newer, where that shows in RES at once",
				"debug.FreeOSMemory() in the program after a big job: a full GC, and faults when the memory is used again",
				"wait for about ten minutes",
				"GODEBUG=madvdontneed=1 at the next start, for Go 1.12: without it Go 1.12 gives memory back by MADV_FREE, which stays in RES until memory gets short, after a wait and after debug.FreeOSMemory() alike",
			},
			Versions: "Go 1.12 and older.",
			Sources:  []string{"Go 1.12: runtime/proc.go: sysmon, scavengelimit; runtime/mheap.go: mheap.scavengeAll, mspan.unusedsince", "golang.org/issue/16930"},
		},
		Find: findOldScavenger,
	}
}

func findOldScavenger(f *Facts) *Finding {
	if minor := f.GoMinor(); minor == 0 || minor > 12 {
		return nil
	}
	takes, sure := f.useless(f.All(ledger.HeapIdle))
	if len(takes) == 0 {
		return nil
	}
	found := &Finding{
		Confidence: sure, Takes: takes,
		Says:     "are free in Go's heap: this version of Go gives them back only once they have been unused for five minutes",
		Evidence: []string{f.Process.GoVersion + " looks every two and a half minutes for memory that has been unused for five minutes", f.lastGC()},
		Remedy: []string{
			"wait: they go within 5 to 8.5 minutes after the GC that freed them, if nothing uses them again",
			"build it with Go 1.16 or newer",
			"debug.FreeOSMemory() in the program after a big job, at the price of a full GC",
		},
	}
	if why, remedy := f.staysInRES(); why != "" {
		found.Says += "; that will not lower RES: " + why
		found.Remedy = remedy
	}
	return found
}
