package causes

import (
	"fmt"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
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
				"as many connections does. So one look calls it possible; a trace of a minute or more that sees their number grow by half, and go on growing in its last third, calls it likely.",
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
		Takes:      leakTakes(f, of),
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
	found.Evidence = append(found.Evidence, fmt.Sprintf("in %s of trace their number went from %d to %d", ledger.Lasted(t.Duration), t.GoroutinesFirst, t.GoroutinesLast))
	if t.GoroutinesLast-t.GoroutinesFirst >= max(manyGoroutines, t.GoroutinesFirst/2) {
		told, growing := stillGrowing(t.GoroutineCounts)
		if growing {
			found.Confidence = Likely
		}
		found.Evidence = append(found.Evidence, told)
	}
	return found
}

// leakTakes are the stacks and records. What their stacks hold above the least is
// theirs too: a stack that is in use never shrinks. Only where shrinking is off
// is there another cause for it.
func leakTakes(f *Facts, of *mem.Goroutines) []Take {
	stacks := f.All(ledger.StacksInUse)
	if f.noShrink() {
		stacks = beyond(stacks, max(grown(f, of), 0))
	}
	return append(stacks, f.ofObjects(int64(of.Count)*f.recordSize())...)
}

// stillGrowing: in the last third of the counts their number went on at half the
// rate of the whole or more. Connections that a start brings do not.
func stillGrowing(counts []GoroutineCount) (told string, growing bool) {
	const unknown = "whether it still grew at the end was not seen"
	if len(counts) < 3 {
		return unknown, false
	}
	first, last := counts[0], counts[len(counts)-1]
	span := last.At.Sub(first.At)
	for _, mid := range counts[1 : len(counts)-1] {
		tail := last.At.Sub(mid.At)
		if tail > span/3 || tail < span/10 {
			continue
		}
		whole := float64(last.Count-first.Count) / float64(span)
		rose := last.Count - mid.Count
		return fmt.Sprintf("in the last %s of it by %d", ledger.Lasted(tail), rose), float64(rose)/float64(tail) >= whole/2
	}
	return unknown, false
}
