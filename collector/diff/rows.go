package diff

// rows gathers the rows of one group after the other.
type rows struct {
	list  []Row
	group Group
}

// wish is which direction of a number is better.
type wish int

const (
	neither wish = iota
	less
)

// add marks the row and adds it, unless neither side has a value.
func (r *rows) add(row Row, w wish, same func(a, b int64) bool) {
	if !row.A.Known() && !row.B.Known() {
		return
	}
	row.Group = r.group
	row.Mark = mark(row.A, row.B, w, same)
	if row.A.Number != nil && row.B.Number != nil {
		change := *row.B.Number - *row.A.Number
		row.Change = &change
	}
	if row.Mark == Same {
		row.Why = ""
	}
	r.list = append(r.list, row)
}

func mark(a, b Value, w wish, same func(a, b int64) bool) Mark {
	switch {
	case !b.Known():
		return OnlyA
	case !a.Known():
		return OnlyB
	case a.Number == nil || b.Number == nil:
		if a.Text == b.Text && a.Number == b.Number {
			return Same
		}
		return Different
	case same(*a.Number, *b.Number):
		return Same
	case w == neither:
		return Different
	case *b.Number < *a.Number:
		return Better
	}
	return Worse
}

func (r *rows) text(id, what, a, b, why string) {
	r.add(Row{ID: id, What: what, Unit: Text, A: text(a), B: text(b), Why: why}, neither, nil)
}

func (r *rows) size(row Row, w wish) {
	row.Unit = Bytes
	r.add(row, w, sameSize)
}

func (r *rows) count(row Row, w wish) {
	row.Unit = Count
	r.add(row, w, sameCount)
}

func (r *rows) time(row Row, w wish, spacing int64) {
	r.add(row, w, func(a, b int64) bool { return sameTime(a, b, spacing) })
}
