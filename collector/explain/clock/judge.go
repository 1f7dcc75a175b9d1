package clock

import "whyres/collector/mem"

const (
	// quiet is how long after the last release a forecast that has come true
	// is judged.
	quiet = 2 * slack
	// least is the difference that is let pass, however little was said.
	least = 512 << 10
)

// event counts a release of the target for the open forecast. Of one that the
// program asked for nothing was foretold: the forecast is given up.
func (w *Watch) event(e *mem.Event) {
	if w.open == nil || !w.open.counts() || !e.Releases() || e.Failed() {
		return
	}
	if e.Who == mem.WhoForced {
		w.drop()
		return
	}
	left := max(0, -e.Attributed)
	if !w.open.When.has(e.At) && !w.open.Sooner.has(e.At) {
		w.open.outside += left
		return
	}
	if w.open.first == 0 {
		w.open.first = e.At
	}
	w.open.within += left
	w.open.last = e.End()
}

// judge says how the open forecast has held, once that is known.
func (w *Watch) judge(at mem.Instant) {
	m := w.open
	if !w.sees || m == nil || !m.counts() {
		return
	}
	switch {
	case m.outside >= m.Bytes/2:
		w.settle(Outcome{Made: *m, Judged: at, Released: m.outside, Early: true})
	case at > m.When.To.Add(slack) || m.within >= m.Bytes-tolerance(m.Bytes) && at > m.last.Add(quiet):
		off := max(m.within, m.Bytes) - min(m.within, m.Bytes)
		w.settle(Outcome{
			Made: *m, Judged: at, Held: off <= tolerance(m.Bytes),
			Released: m.within, First: m.first, Last: m.last,
		})
	}
}

func tolerance(bytes int64) int64 { return max(bytes/10, least) }

func (w *Watch) settle(o Outcome) {
	if o.Held {
		w.tally.Held++
	} else {
		w.tally.Missed++
	}
	w.tally.Last = &o
	w.open, w.trying = nil, false
	w.said = append(w.said, Saying{At: o.Judged, Outcome: &o})
}
