package lab

import "strconv"

const (
	mib = int64(1 << 20)
	// leastLimit is the lowest GOMEMLIMIT that is tried: below it a Go program
	// does little but collect.
	leastLimit = 4 * mib
)

// LimitsFrom are the two GOMEMLIMITs for a target whose RES was at most so high
// (bytes): half and three quarters of that, whole MiB, 4 MiB at least.
func LimitsFrom(peak int64) (small, large int64) {
	part := func(quarters int64) int64 { return max(peak/4*quarters/mib*mib, leastLimit) }
	return part(2), part(3)
}

// isLimit tells the settings with a GOMEMLIMIT.
func (s *Setting) isLimit() bool {
	return s.ID == limitSmall || s.ID == limitLarge || s.ID == limitLargeOff
}

// needsLimit: its GOMEMLIMIT is not chosen yet.
func (s *Setting) needsLimit() bool {
	if !s.isLimit() {
		return false
	}
	n := 1
	if s.ID == limitLargeOff {
		n = 2
	}
	return len(s.Env) < n
}

// setLimit chooses it, in bytes, and calls the setting by it.
func (s *Setting) setLimit(small, large int64) {
	limit := large
	if s.ID == limitSmall {
		limit = small
	}
	text := "GOMEMLIMIT=" + limitText(limit)
	s.Env, s.Name = []string{text}, text
	if s.ID == limitLargeOff {
		s.Env, s.Name = []string{text, "GOGC=off"}, text+" GOGC=off"
	}
}

// limitText is a size as GOMEMLIMIT takes it.
func limitText(bytes int64) string {
	if bytes%mib == 0 {
		return strconv.FormatInt(bytes/mib, 10) + "MiB"
	}
	return strconv.FormatInt(bytes, 10)
}

// SetLimits gives the settings with a GOMEMLIMIT that is not chosen yet those
// sizes, in bytes.
func (r *Result) SetLimits(small, large int64) {
	for i := range r.Rows {
		if s := &r.Rows[i].Setting; s.needsLimit() {
			s.setLimit(small, large)
		}
	}
}

// chooseLimits takes them from the first run of the default that is measured, with a
// whole burst.
// Where that has failed in all of its runs, the rows that wait for it have too.
func (r *Result) chooseLimits() {
	row := r.Row(Default)
	if row == nil {
		return
	}
	for i := range row.Runs {
		if peak := row.Runs[i].peakOfOne(r.Servers); row.Runs[i].Status == StatusDone && row.Runs[i].Burst.whole() && peak > 0 {
			r.SetLimits(LimitsFrom(peak))
			return
		}
	}
	if !r.over(row) {
		return
	}
	for i := range r.Rows {
		if w := &r.Rows[i]; w.needsLimit() && w.Status == StatusPending {
			w.Status = StatusFailed
			w.Problem = "its limit is a part of the default's peak RES, which could not be measured: see --limits"
		}
	}
}

// peakOfOne is the peak RES of a single server, of several their mean; 0 where it
// is not known.
func (r *Run) peakOfOne(servers int) int64 {
	switch {
	case r.Together != nil:
		return r.Together.SumOfPeaks / int64(max(servers, 1))
	case r.Measures.Peak != nil:
		return int64(*r.Measures.Peak)
	}
	return 0
}
