package causes

import (
	"fmt"
	"time"

	"whyres/collector/ledger"
)

// goroutineLeak: many goroutines alive.
func goroutineLeak() Cause {
	return Cause{
		ID: "goroutine-leak",
		Page: Page{
			What: "many goroutines are alive, and hold their stacks",
			Mechanism: "A goroutine that waits for something that never comes, a channel that nobody writes to, a connection without a deadline, never ends. " +
				"It holds its stack, 2 KiB at the least, its record, and all that its variables point to. No GC frees a goroutine that is blocked.",
			Proof: "whyres counts the goroutines and their stacks. Whether the program wants so many only its owner knows: a server with " +
				"as many connections does. So one look calls it possible; a trace of a minute or more that sees their number grow by half calls it likely.",
			Remedy: []string{
				"curl 'http://ADDRESS/debug/pprof/goroutine?debug=1' (with net/http/pprof in the program): it groups them by what they wait for",
				"deadlines on connections and a context's cancellation for each goroutine that waits",
			},
			Versions: "All.",
			Sources:  []string{"runtime/pprof: the goroutine profile", "runtime/stack.go: stackMin"},
		},
		Find: findGoroutineLeak,
	}
}

func findGoroutineLeak(f *Facts) *Finding {
	of := f.Pages().Goroutines
	if of == nil || of.Count < manyGoroutines {
		return nil
	}
	found := &Finding{
		Confidence: Possible,
		Takes:      append(f.All(ledger.StacksInUse), f.ofObjects(int64(of.Count)*f.recordSize())...),
		Says:       fmt.Sprintf("are stacks and records of %d goroutines alive: a leak, if the program does not want so many", of.Count),
		Evidence: []string{fmt.Sprintf("%d goroutines are alive, with stacks of %s in all, %s each on average",
			of.Count, size(int64(of.Live.Bytes)), size(int64(of.Live.Bytes)/int64(of.Count)))},
		Remedy: []string{
			"find what they wait for: curl 'http://ADDRESS/debug/pprof/goroutine?debug=1', with net/http/pprof in the program",
			"without it, kill -QUIT prints all stacks, and ends the process",
		},
	}
	t := f.Trace
	if t == nil || t.Duration < time.Minute || t.GoroutinesFirst == 0 {
		found.Ask = []string{fmt.Sprintf("whyres trace -p %d --for 10m shows whether their number grows", f.Process.PID)}
		return found
	}
	found.Evidence = append(found.Evidence, fmt.Sprintf("in %s of trace their number went from %d to %d", lasted(t.Duration), t.GoroutinesFirst, t.GoroutinesLast))
	if t.GoroutinesLast-t.GoroutinesFirst >= max(manyGoroutines, t.GoroutinesFirst/2) {
		found.Confidence = Likely
	}
	return found
}
