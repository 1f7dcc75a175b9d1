package explain

import (
	"time"

	"whyres/collector/explain/clock"
	"whyres/collector/mem"
)

// Forecast is what is expected to leave RES, and when. Times are zero where they
// cannot be told.
type Forecast struct {
	// Stage is what is waited for, one of package clock's.
	Stage clock.Stage `json:"stage,omitempty"`
	// Bytes that leave RES; 0 where only a bound is known, UpTo.
	Bytes int64 `json:"bytes"`
	UpTo  int64 `json:"up_to,omitempty"`
	// Earliest and Latest are when they leave, from the first to the last.
	Earliest time.Time `json:"earliest,omitzero"`
	Latest   time.Time `json:"latest,omitzero"`
	// SoonerEarliest and SoonerLatest are another time at which they may leave
	// as well, some minute before: see clock.Forecast.
	SoonerEarliest time.Time `json:"sooner_earliest,omitzero"`
	SoonerLatest   time.Time `json:"sooner_latest,omitzero"`
	// AfterGC is the GC that it waits for, which comes between GCEarliest and
	// GCLatest where it is forced, or sooner if the heap grows.
	AfterGC    uint32    `json:"after_gc,omitempty"`
	GCEarliest time.Time `json:"gc_earliest,omitzero"`
	GCLatest   time.Time `json:"gc_latest,omitzero"`
	// ByGrowth: it comes by the heap's growth, before one would be forced; at
	// about GCAbout at the pace since the last, where that can be told.
	ByGrowth bool      `json:"gc_by_growth,omitempty"`
	GCAbout  time.Time `json:"gc_about,omitzero"`
	Why      string    `json:"why"`
}

// Forecasts is how the forecasts of a trace have held. Those of bytes and a time
// count; Revised are those that were replaced before their time.
type Forecasts struct {
	Made    int `json:"made"`
	Held    int `json:"held"`
	Missed  int `json:"missed"`
	Revised int `json:"revised"`
	// Last is the one that was judged last, nil if none was.
	Last *Foretold `json:"last,omitempty"`
}

// Foretold is a forecast and what became of it.
type Foretold struct {
	Forecast
	Made time.Time `json:"made"`
	// Held: in its time left RES what it said, within a tenth or half a MiB.
	// Early: most of it came before that time.
	Held  bool `json:"held"`
	Early bool `json:"early,omitempty"`
	// Released is what left RES, between First and Last.
	Released int64     `json:"released"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
}

// wall tells the wall time of an instant.
type wall struct{ header *mem.Header }

func (w wall) at(i mem.Instant) time.Time {
	if i == 0 || w.header == nil {
		return time.Time{}
	}
	return w.header.Time.Add(i.Sub(w.header.Mono))
}

func (w wall) forecast(f *clock.Forecast) *Forecast {
	if f == nil {
		return nil
	}
	return &Forecast{
		Stage: f.Stage, Bytes: f.Bytes, UpTo: f.UpTo, Why: f.Why, AfterGC: f.AfterGC,
		Earliest: w.at(f.When.From), Latest: w.at(f.When.To),
		SoonerEarliest: w.at(f.Sooner.From), SoonerLatest: w.at(f.Sooner.To),
		GCEarliest: w.at(f.GC.From), GCLatest: w.at(f.GC.To),
		ByGrowth: f.ByGrowth, GCAbout: w.at(f.GrowsAt),
	}
}

// expect fills in what is expected next, and how it has held so far.
func (a *Accumulator) expect(v *Verdict) {
	w := wall{a.header}
	if !a.ended {
		v.Forecast = w.forecast(a.clock.Now())
	}
	t := a.clock.Tally()
	if v.Trace == nil || t.Made == 0 {
		return
	}
	v.Forecasts = &Forecasts{Made: t.Made, Held: t.Held, Missed: t.Missed, Revised: t.Revised}
	if o := t.Last; o != nil {
		v.Forecasts.Last = &Foretold{
			Forecast: *w.forecast(&o.Forecast), Made: w.at(o.At), Held: o.Held, Early: o.Early,
			Released: o.Released, First: w.at(o.First), Last: w.at(o.Last),
		}
	}
}
