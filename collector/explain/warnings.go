package explain

import (
	"fmt"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// warnings say what the sums do not hold.
func (a *Accumulator) warnings() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if a.lost > 0 {
		say("%d events were lost: sums over calls are at least what they say", a.lost)
	}
	if a.execs > 0 {
		say("the process replaced its program (exec), %d in all: its memory before that is not counted as released or taken again, but in the sums over calls", a.execs)
	}
	if a.unknown > 0 {
		say("of %d calls the RES before or after is not known: what they brought is not in what left RES", a.unknown)
	}
	if n := a.forgotten + a.released.Forgotten(); n > 0 {
		say("%s of released ranges were too many to remember: refaulted is at least what it says", ledger.Size(int64(min(n, 1<<62))))
	}
	if s := a.sample(); s != nil && a.events && a.stale(s) {
		say("where RES is, is told as of %s before the end, when it was %s; the last that was seen is %s",
			ledger.Lasted(a.last.Sub(s.At)), ledger.Size(s.RSS.Total()), ledger.Size(a.res.end))
	}
	return out
}

// stale reports whether the sample is old, or RES has moved by a tenth since.
func (a *Accumulator) stale(s *mem.Sample) bool {
	was := s.RSS.Total()
	moved := max(a.res.end-was, was-a.res.end)
	return a.last.Sub(s.At) > 5*time.Second || moved > 1<<20 && moved > was/10
}
