package explain

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"whyres/collector/mem"
	"whyres/collector/space"
)

// outcomes gathers what became of each release. A call counts in one row, so the
// rows sum to the releases. It may change its row later on, while it is
// remembered: when its memory turns out to have been taken again.
type outcomes struct {
	rows   tally[Why, Outcome]
	waits  time.Duration // of those that were taken again, summed
	recent recent
}

// returned is memory that had been released before, and that a release found
// resident again.
type returned struct {
	Bytes uint64
	// Soon of it, within the time that soon is.
	Soon uint64
}

// soon is what "taken again at once" means: load that needs the memory, rather
// than a later one.
const soon = 10 * time.Second

// observe takes a release in, and returns what it shows to have been taken again.
// o is what became of it, released what calls before this one released.
func (t *outcomes) observe(e *mem.Event, o Outcome, released *space.Released) (back returned) {
	span := released.Span(e)
	if o.Left > 0 && e.Call == mem.Madvise {
		back = t.takenAgain(e, span, released)
	}
	t.rows.at(o.Why).add(&o)
	if e.Call == mem.Madvise && !refused(e) && !e.Noted(mem.NoteNoReturn) {
		t.recent.add(dated{Outcome: o, at: e.End(), span: span, unmeasured: unmeasured(e)})
	}
	return back
}

// takenAgain divides what must have been taken again between the calls that had
// released it: even if all else of the range had been resident, so much of it
// had been released before.
func (t *outcomes) takenAgain(e *mem.Event, span mem.Range, released *space.Released) (back returned) {
	var before uint64
	for part := range released.Within(span) {
		before += part.Len()
	}
	fresh := span.Len() - before
	if uint64(-e.Attributed) <= fresh || before == 0 {
		return back
	}
	sure := min(uint64(-e.Attributed)-fresh, before)
	known, seen := uint64(0), uint64(0)
	for part := range released.Within(span) {
		for p := range t.recent.within(part) {
			share := portion(sure, known+p.Len(), before) - portion(sure, known, before)
			known += p.Len()
			seen += t.credit(p.call, share, e.At, &back)
		}
	}
	// The rest had been released by calls that are no longer remembered.
	back.Bytes = add(seen, portion(sure, before-known, before))
	return back
}

// credit notes that so much of what a call released was taken again, at most what
// had left RES by it.
func (t *outcomes) credit(call uint64, bytes uint64, at mem.Instant, back *returned) uint64 {
	r := t.recent.call(call)
	if !r.unmeasured {
		bytes = min(bytes, uint64(max(0, r.Left))-min(r.TakenAgain, uint64(max(0, r.Left))))
	}
	wait := at.Sub(r.at)
	if wait <= soon {
		back.Soon += bytes
	}
	row := t.rows.at(r.Why)
	row.TakenAgain += bytes
	r.TakenAgain += bytes
	if (r.Why == WhyGone || r.Why == WhyMaybeShared) && r.TakenAgain >= uint64(r.Left)-uint64(r.Left)/2 {
		row.take(&r.Outcome)
		r.Why = WhyTakenAgain
		t.rows.at(r.Why).add(&r.Outcome)
		t.waits += max(0, wait)
	}
	return bytes
}

// exec: the memory that was released is gone with its program.
func (t *outcomes) exec() { t.recent = recent{} }

// table is the rows, those that asked for most first; the sums over them are
// those of the releases.
func (t *outcomes) table() []Outcome {
	out := make([]Outcome, 0, len(t.rows.rows))
	for key, row := range t.rows.rows {
		if row.Calls == 0 {
			continue
		}
		o := *row
		o.Why = cmp.Or(key, WhyUnknown)
		if o.Why == WhyTakenAgain {
			o.TakenAfter = int64(t.waits) / int64(o.Calls)
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(x, y Outcome) int {
		return cmp.Or(cmp.Compare(y.Asked, x.Asked), cmp.Compare(y.Calls, x.Calls), cmp.Compare(x.Why, y.Why))
	})
	return out
}

// portion is whole * part / of, without overflow; part is at most of.
func portion(whole, part, of uint64) uint64 {
	high, low := bits.Mul64(whole, part)
	quotient, _ := bits.Div64(high, low, of)
	return quotient
}
