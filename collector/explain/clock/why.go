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
	text := leftAlone(out) + "; Go forces a GC two minutes after the last, and has one sooner when the heap reaches " + heapGoal(f)
	if !f.steady() {
		return text
	}
	return text + "; with nothing to do it gives back a minute after that, on a busy host at once"
}

// whyAfterGrowth says the same of a program whose heap grows.
func whyAfterGrowth(f *Facts, out *Forecast) string {
	return leftAlone(out) + "; that comes when the heap reaches " + heapGoal(f) + "; what the program may fill until then is left out"
}

func leftAlone(out *Forecast) string {
	return fmt.Sprintf("they are free, but the scavenger leaves them alone until GC %d has shown that they stay so", out.AfterGC)
}

func heapGoal(f *Facts) string { return ledger.Size(int64(min(f.Stats.NextGC, 1<<62))) }

// whyGarbage says how the GC comes that tells.
func whyGarbage(f *Facts, out *Forecast) string {
	switch {
	case f.noGoalAtAll():
		return "no GC has run yet, and none comes by itself: GOGC is off and there is no memory limit; only the program can ask for one"
	case f.Stats.NumGC == 0:
		return "no GC has run yet, and none is forced before the first: it comes when the heap reaches " + heapGoal(f) + ", and no time can be told"
	case out.ByGrowth:
		return fmt.Sprintf("what has died since GC %d shows with the next, which comes when the heap reaches %s", f.Stats.NumGC, heapGoal(f))
	}
	return fmt.Sprintf("what has died since GC %d shows with the next, which comes when the heap reaches %s, or by force two minutes after the last",
		f.Stats.NumGC, heapGoal(f))
}
