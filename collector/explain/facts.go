package explain

import (
	"time"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// facts are what the causes look at: the sample that the verdict divides, and
// what the trace told so far.
func (a *Accumulator) facts(s *mem.Sample, v *Verdict) *causes.Facts {
	f := &causes.Facts{
		Host: v.Host, Process: v.Process, Sample: s,
		Ledger:     ledger.Ledger{RES: v.RES, Parts: v.Ledger},
		HeapLocked: v.HeapLocked,
		Up:         a.up(s),
	}
	if a.events {
		f.Trace = a.history.trace(a.last, a.lost)
	}
	return f
}

// up is how long the process had been running at the sample, by what the header
// says of it: an exec keeps the process; 0 where it is not known.
func (a *Accumulator) up(s *mem.Sample) time.Duration {
	if a.header == nil || a.header.Process.Up == 0 {
		return 0
	}
	return max(time.Duration(a.header.Process.Up)+s.At.Sub(a.header.Mono), 0)
}

// judge names the causes. Of a RES on the move nothing is said.
func (v *Verdict) judge(f *causes.Facts) {
	v.Causes, v.Healthy = []Cause{}, v.RES
	if unsound(v) {
		return
	}
	j := causes.Judge(causes.All(), f)
	v.Causes, v.Healthy = j.Causes, j.Healthy
	v.Limits = adviseLimits(f)
}
