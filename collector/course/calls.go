package course

import (
	"cmp"
	"slices"

	"whyres/collector/mem"
)

// maxKinds bounds the table of calls: the names in a recording are whatever stands
// there.
const maxKinds = 256

type kind struct {
	call   mem.Call
	advice string
	who    mem.Who
}

// calls counts by kind. What comes when it is full counts in one row more, which
// has no names.
type calls struct{ rows map[kind]*Calls }

func (c *calls) add(e *mem.Event) {
	row := c.at(kind{e.Call, e.Advice, cmp.Or(e.Who, mem.WhoUnknown)})
	row.Calls++
	if e.Failed() {
		row.Failed++
	}
	if row.Asked += e.Len; row.Asked < e.Len {
		row.Asked = ^uint64(0)
	}
	row.Attributed -= e.Attributed
}

func (c *calls) at(k kind) *Calls {
	if c.rows == nil {
		c.rows = map[kind]*Calls{}
	}
	if c.rows[k] == nil && len(c.rows) >= maxKinds {
		k = kind{}
	}
	if c.rows[k] == nil {
		c.rows[k] = &Calls{Call: k.call, Advice: k.advice, Who: k.who}
	}
	return c.rows[k]
}

// table is the rows, those that took most out of RES first, then the most frequent.
func (c *calls) table() []Calls {
	out := make([]Calls, 0, len(c.rows))
	for _, row := range c.rows {
		out = append(out, *row)
	}
	slices.SortFunc(out, func(x, y Calls) int {
		return cmp.Or(cmp.Compare(y.Attributed, x.Attributed), cmp.Compare(y.Calls, x.Calls),
			cmp.Compare(x.Call, y.Call), cmp.Compare(x.Advice, y.Advice), cmp.Compare(x.Who, y.Who))
	})
	return out
}
