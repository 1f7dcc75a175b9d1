package lab

import "strings"

// Explain says in a plain sentence what a setting does; "" for an ID that there is
// not.
func Explain(id string) string {
	if says, found := explanations()[id]; found {
		return says
	}
	if v, found := strings.CutPrefix(id, "go"); found {
		return "The server built with Go " + v + " and that version's defaults."
	}
	return ""
}

func explanations() map[string]string {
	return map[string]string{
		Default:       "The target as it is: all else is compared with it.",
		gogc50:        "A GC whenever the heap has grown by half since the last one, not by all of it: a lower peak for more CPU.",
		gogc25:        "A GC whenever the heap has grown by a quarter since the last one: a lower peak still, for still more CPU.",
		limitSmall:    "A soft limit for all of Go's memory, half of the default's peak RES unless --limits says it: near it, the runtime collects more and gives back at once (Go 1.19+).",
		limitLarge:    "A soft limit for all of Go's memory, three quarters of the default's peak RES unless --limits says it (Go 1.19+).",
		limitLargeOff: "The same limit, and no GC before it is reached: the least CPU while there is room, and nothing given back below it (Go 1.19+).",
		madvFree:      "Memory is offered to the kernel, not given back: RES stays until the host is short of memory (MADV_FREE; the default of Go 1.12 to 1.15).",
		disableTHP:    "No huge pages in Go's heap, whatever the host's mode (Go 1.21.6+).",
		freeOnce:      "debug.FreeOSMemory once, 1 s after the burst: a GC, and all that is free is given back at once.",
		freeOften:     "debug.FreeOSMemory every 30 s after the burst, every 3 s with --quick; the first after half of that time.",
		gcOnce:        "runtime.GC once, 1 s after the burst: what it frees goes back when the runtime's scavenger takes it. Not with --quick, where GCs are forced in every run.",
		"thp-never":   "Transparent huge pages off for the whole host during the run.",
		"thp-madvise": "Transparent huge pages of the whole host only where a program asks for them, during the run.",
		"thp-always":  "Transparent huge pages of the whole host wherever they fit, during the run.",
	}
}
