package lab

import "fmt"

// Burst is what the load says of its big pulses. A run of much fewer connections, or
// of a burst that was cut, has less to give back than the others.
type Burst struct {
	Wanted int `json:"wanted"` // connections
	Served int `json:"served"` // those made and not lost
	// Cut is why the burst was not made to its end; "" where it was.
	Cut string `json:"cut,omitempty"`
}

// add puts a server's burst to that of the others of its run.
func (b *Burst) add(other *Burst) *Burst {
	switch {
	case b == nil:
		return other
	case other == nil:
		return b
	}
	out := Burst{Wanted: b.Wanted + other.Wanted, Served: b.Served + other.Served, Cut: b.Cut}
	if out.Cut == "" {
		out.Cut = other.Cut
	}
	return &out
}

// wholeFrom is from how many hundredths of its connections on a burst counts as
// whole: what one lost in thousands holds is far less than what runs differ by anyhow.
const wholeFrom = 99

// lacks says what the burst was short of, "" if of nothing that is known.
func (b *Burst) lacks() string {
	switch {
	case b == nil:
		return ""
	case b.Cut != "":
		return "not compared: the burst was not complete: " + b.Cut
	case b.Served < b.Wanted:
		text := fmt.Sprintf("of the %d connections of the burst %d were served", b.Wanted, b.Served)
		if b.whole() {
			return text
		}
		return "not compared: " + text
	}
	return ""
}

// whole: the run had as much to give back as the others. One of which the load tells
// nothing counts as whole.
func (b *Burst) whole() bool {
	if b == nil {
		return true
	}
	return b.Cut == "" && float64(b.Served) >= float64(b.Wanted)*wholeFrom/100
}

// Whole reports that the bursts of its runs were, so that it can be held against others.
func (w *Row) Whole() bool { return w.short() == "" }

// short says why the row cannot be held against others: what the burst of a run of
// it lacked. "" where each was whole.
func (w *Row) short() string {
	for i := range w.Runs {
		if b := w.Runs[i].Burst; w.Runs[i].Status == StatusDone && !b.whole() {
			return b.lacks()
		}
	}
	return ""
}
