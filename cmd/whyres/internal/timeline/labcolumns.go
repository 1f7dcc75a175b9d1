package timeline

import (
	"math"
	"strconv"

	"whyres/cmd/whyres/internal/lab"
)

// labColumn is a measure of the lab's table.
type labColumn struct {
	field lab.Field
	// sums: the sum of the servers' peaks, which is no field.
	sums bool
	head [2]string
	// means explains the head below the table; "" where it does that by itself.
	means string
	// scale is what the column's unit is in the field's; decimals at most.
	scale    float64
	decimals int
	// need: the columns with the lowest stay longest where there is little room.
	need int
	wide int
}

// Widths: a number has five digits at most, its point among them; a sign follows.
const (
	labIndent  = 2
	wLabNumber = 5
	wLabSign   = 2
	wLabName   = 26 // with the space after it
	wLabLeast  = 14
	// labLeast are as many columns as there are names cut for.
	labLeast = 4
)

// labColumns are all columns in their order.
func labColumns(servers int) []labColumn {
	const ms, second = 1e6, 1e9
	all := []labColumn{
		{field: lab.Peak, head: [2]string{"peak", "MiB"}, scale: mib, decimals: 1, need: 1},
		{field: lab.Peak, sums: true, head: [2]string{"apart", "MiB"}, means: "apart: the sum of the servers' own peaks; peak: of their sum", scale: mib, decimals: 1, need: 2},
		{field: lab.Rest, head: [2]string{"at rest", "MiB"}, scale: mib, decimals: 1, need: 2},
		{field: lab.Half, head: [2]string{"half", "s"}, means: "half: from the burst's end until half of what the default gives back had gone", scale: second, decimals: 1, need: 3},
		{field: lab.NineTenths, head: [2]string{"9/10", "s"}, means: "9/10: until nine tenths of it had", scale: second, decimals: 1, need: 7},
		{field: lab.Area, head: [2]string{"area", "MiB·min"}, scale: 60 * mib, decimals: 2, need: 0},
		{field: lab.CPU, head: [2]string{"GC CPU", "ms"}, means: "GC CPU: of GC and scavenger", scale: ms, decimals: 0, need: 4},
		{field: lab.LatencyP50, head: [2]string{"p50", "ms"}, scale: ms, decimals: 2, need: 8},
		{field: lab.LatencyP99, head: [2]string{"p99", "ms"}, means: "p99: of a small pulse after the burst", scale: ms, decimals: 2, need: 5},
		{field: lab.Refaulted, head: [2]string{"again", "MiB"}, means: "again: released, then used again", scale: mib, decimals: 1, need: 6},
		{field: lab.Asked, head: [2]string{"asked", "MiB"}, scale: mib, decimals: 1, need: 10},
		{field: lab.LeftRES, head: [2]string{"left", "MiB"}, means: "left: RES, by calls that release", scale: mib, decimals: 1, need: 9},
	}
	out := all[:0]
	for _, c := range all {
		if c.sums && servers < 2 {
			continue
		}
		c.wide = 1 + wLabNumber
		if c.marked() {
			c.wide += wLabSign
		}
		out = append(out, c)
	}
	return out
}

// marked: the column says how a value compares with the default's.
func (c *labColumn) marked() bool { return !c.sums && !c.field.Neutral() }

// spread is the column's value of a row.
func (c *labColumn) spread(w *lab.Row) lab.Spread {
	if c.sums {
		return w.SumOfPeaks()
	}
	return *w.Measures.At(c.field)
}

// fitLab leaves columns out from the least needed on until the names fit as well;
// before too few are left, the names are cut.
func fitLab(columns []labColumn, limit int) (fit []labColumn, name int) {
	if limit <= 0 {
		return columns, wLabName
	}
	for len(columns) > labLeast && labWidth(columns)+wLabName > limit ||
		len(columns) > 1 && labWidth(columns)+wLabLeast > limit {
		last := 0
		for i := range columns {
			if columns[i].need > columns[last].need {
				last = i
			}
		}
		columns = append(columns[:last:last], columns[last+1:]...)
	}
	return columns, min(max(limit-labWidth(columns), wLabLeast), wLabName)
}

// labWidth is what the columns take, with what stands before the names.
func labWidth(columns []labColumn) int {
	n := labIndent
	for i := range columns {
		n += columns[i].wide
	}
	return n
}

// atLeast: the row's value may be more than it says.
func (c *labColumn) atLeast(w *lab.Row) bool { return !c.sums && w.AtLeast(c.field) }

// settle gives the column the decimals with which its longest value fits.
func (c *labColumn) settle(rows []lab.Row) {
	for i := range rows {
		v, room := c.spread(&rows[i]).Median, wLabNumber
		if c.atLeast(&rows[i]) {
			room--
		}
		for c.decimals > 0 && len(c.text(v)) > room {
			c.decimals--
		}
	}
}

func (c *labColumn) text(v float64) string {
	return strconv.FormatFloat(v/c.scale, 'f', c.decimals, 64)
}

// around is how far the runs lie from each other: half of it, to each side.
func (c *labColumn) around(s lab.Spread) string {
	return "±" + c.text(math.Abs(s.Max-s.Min)/2)
}
