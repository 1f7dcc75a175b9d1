package timeline

import (
	"bytes"
	"io"
	"strings"
	"time"

	"whyres/collector/diff"
)

// diffLines is the most lines of a comparison that shows no more than matters: a
// terminal's usual height.
const diffLines = 24

// leastRows are shown on however narrow a terminal.
const leastRows = 10

// WriteDiff prints a comparison: both sides, what differs, and in a line what is
// the same. all shows every row.
func WriteDiff(w io.Writer, o Options, r *diff.Report, all bool) error {
	shown := mattering(r.Rows)
	if all {
		shown = r.Rows
	}
	p := newPrinter(o)
	p.diff(r, shown, all)
	for len(shown) > leastRows && !all && bytes.Count(p.out.Bytes(), []byte("\n")) > diffLines {
		shown = shown[:len(shown)-1]
		p = newPrinter(o)
		p.diff(r, shown, all)
	}
	_, err := io.Copy(w, bytes.NewReader(p.out.Bytes()))
	return err
}

// mattering are the rows that differ, but for the details.
func mattering(rows []diff.Row) []diff.Row {
	var out []diff.Row
	for i := range rows {
		if rows[i].Mark != diff.Same && !rows[i].Detail {
			out = append(out, rows[i])
		}
	}
	return out
}

func (p *printer) diff(r *diff.Report, shown []diff.Row, all bool) {
	p.diffSide("A", &r.A)
	p.diffSide("B", &r.B)
	for _, note := range r.Notes {
		p.paragraph(toneDim, treeIndent, "note: "+glueUnits(clean(note, 400)))
	}
	if len(shown) > 0 {
		p.diffTable(shown, all)
	}
	if !all {
		p.folded(r.Rows, len(shown))
	}
}

// diffSide says what a side is, in a line.
func (p *printer) diffSide(letter string, s *diff.About) {
	clauses := []string{letter + "  " + clean(s.Name, 40)}
	if s.Process != nil {
		version := "not Go"
		if s.Process.GoVersion != "" {
			version = clean(s.Process.GoVersion, 20)
		}
		clauses = append(clauses, clean(s.Process.Comm, 20), version)
	}
	if s.Host.Kernel != "" {
		clauses = append(clauses, "Linux"+glue+clean(s.Host.Kernel, 30))
	}
	if s.Duration > 0 {
		clauses = append(clauses, span(time.Duration(s.Duration)))
	}
	p.paragraph(toneHead, 0, clauses...)
}

// folded says in a few lines what the table leaves out.
func (p *printer) folded(rows []diff.Row, shown int) {
	var same []string
	smaller := 0
	host := sameHost(rows)
	if host {
		same = append(same, strings.ReplaceAll(string(diff.GroupHost), " ", glue))
	}
	for i := range rows {
		switch {
		case rows[i].Mark != diff.Same:
			smaller++
		case host && rows[i].Group == diff.GroupHost:
		case !rows[i].Detail && worthSaying(&rows[i]):
			same = append(same, strings.ReplaceAll(clean(rows[i].What, 60), " ", glue))
		}
	}
	smaller -= shown
	switch {
	case shown+smaller == 0 && len(rows) > 0:
		p.paragraph(toneHead, 0, "no differences")
	case shown == 0 && smaller > 0:
		p.paragraph(toneHead, 0, "no difference that matters")
	}
	if smaller > 0 {
		p.paragraph(toneDim, treeIndent, plural(uint64(smaller), "smaller difference")+" not shown: --all shows them")
	}
	if len(same) > 0 {
		p.paragraph(toneDim, treeIndent, "same: "+strings.Join(same, "; "))
	}
}

// sameHost reports whether all that was said of host and program is the same.
func sameHost(rows []diff.Row) bool {
	any := false
	for i := range rows {
		if rows[i].Group == diff.GroupHost {
			if any = true; rows[i].Mark != diff.Same {
				return false
			}
		}
	}
	return any
}

// worthSaying: a thing that neither side has needs no mention that it is the same.
func worthSaying(r *diff.Row) bool {
	return r.A.Number == nil || *r.A.Number != 0 || *r.B.Number != 0
}
