package report

import (
	"slices"

	"whyres/collector/explain/clock"
)

// maxForetold is how many forecasts a page shows: the last ones.
const maxForetold = 200

// Foretold is a forecast and what became of it. Instants are ns since the trace
// began, sizes bytes.
type Foretold struct {
	Made     int64 `json:"made"`
	From     int64 `json:"from"`
	To       int64 `json:"to"`
	Bytes    int64 `json:"bytes"`
	Released int64 `json:"released"`
	Held     bool  `json:"held"`
	Early    bool  `json:"early"`
	// Open: its time had not come at the end of the recording.
	Open bool   `json:"open"`
	Why  string `json:"why"`
}

func (g *Gatherer) foretell(s clock.Saying) {
	o := s.Outcome
	if o == nil || !o.When.Known() {
		return
	}
	one := g.foretellOf(&o.Made)
	one.Released, one.Held, one.Early = o.Released, o.Held, o.Early
	if len(g.foretold) == maxForetold {
		g.foretold = g.foretold[1:]
	}
	g.foretold = append(g.foretold, one)
}

// foretellOf is a forecast whose end is not known.
func (g *Gatherer) foretellOf(m *clock.Made) Foretold {
	// One without an end is told from its beginning on.
	to := max(m.When.From, m.When.To)
	return Foretold{Made: g.since(m.At), From: g.since(m.When.From), To: g.since(to), Bytes: m.Bytes, Why: m.Why}
}

// expected is the forecasts, and the one that is still open.
func (g *Gatherer) expected() []Foretold {
	m := g.watch.Tally().Open
	if m == nil || !m.When.Known() {
		return g.foretold
	}
	open := g.foretellOf(m)
	open.Open = true
	return append(slices.Clip(g.foretold), open)
}
