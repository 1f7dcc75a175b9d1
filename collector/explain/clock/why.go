package clock

import (
	"fmt"

	"whyres/collector/ledger"
)

const (
	whyWorking = "they are above what the scavenger lets the heap keep, and it is at work, with a hundredth of the CPU time"
	whyAsked   = "they are above what the scavenger lets the heap keep, and it waits for Go's monitor thread, " +
		"which sleeps for a minute at a time while nothing runs"
	whyOld    = "they are above what the scavenger lets the heap keep; when this version of Go works it off is not known: soon, or after the next GC"
	whyOldest = "this version of Go gives back what has been free for five minutes, and looks every two and a half"
)

// whyNextGC says what holds the memory, and how the GC comes.
func whyNextGC(f *Facts, out *Forecast) string {
	text := fmt.Sprintf("they are free, but the scavenger leaves them alone until GC %d has shown that they stay so; "+
		"Go forces a GC two minutes after the last, and has one sooner when the heap reaches %s",
		out.AfterGC, ledger.Size(int64(min(f.Stats.NextGC, 1<<62))))
	if !f.steady() {
		return text
	}
	return text + "; with nothing to do it gives back a minute after that, on a busy host at once"
}

// whyGarbage says how the GC comes that tells.
func whyGarbage(f *Facts) string {
	reach := ledger.Size(int64(min(f.Stats.NextGC, 1<<62)))
	if f.Stats.NumGC == 0 {
		return "no GC has run yet, and none is forced before the first: it comes when the heap reaches " + reach + ", and no time can be told"
	}
	return fmt.Sprintf("what has died since GC %d shows with the next, which is forced two minutes after it or comes when the heap reaches %s",
		f.Stats.NumGC, reach)
}
