package lab

import "fmt"

// Burst is what the load says of its big pulses. A run of fewer connections, or of
// a burst that was cut, has less to give back than the others.
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

// lacks says what the burst was short of, "" if of nothing that is known.
func (b *Burst) lacks() string {
	switch {
	case b == nil:
		return ""
	case b.Cut != "":
		return "not compared: the burst was not complete: " + b.Cut
	case b.Served < b.Wanted:
		return fmt.Sprintf("not compared: of the %d connections of the burst %d were served", b.Wanted, b.Served)
	}
	return ""
}

// short says why the row cannot be held against others: what the burst of a run of
// it lacked. "" where nothing did.
func (w *Row) short() string {
	for i := range w.Runs {
		if why := w.Runs[i].Burst.lacks(); why != "" && w.Runs[i].Status == StatusDone {
			return why
		}
	}
	return ""
}
