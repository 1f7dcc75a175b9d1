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
		Up:         time.Duration(v.Up),
	}
	if a.events {
		f.Trace = a.history.trace(a.last, a.lost)
	}
	return f
}

// judge names the causes. Of a RES on the move nothing is said.
func (v *Verdict) judge(f *causes.Facts) {
	v.Causes, v.Healthy = []Cause{}, v.RES
	if unsound(v) {
		return
	}
	j := causes.Judge(causes.All(), f)
	v.Causes, v.Healthy = j.Causes, j.Healthy
}
