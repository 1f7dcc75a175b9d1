package timeline

import (
	"bytes"
	"io"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/summary"
)

// Top is the table of all Go processes.
type Top struct {
	At time.Time
	// Rows are all processes, in the order in which they are to be shown.
	Rows []TopRow
	// Limit is how many of them are shown at most, Height how many lines
	// there are at most, for all of it; 0 is no limit.
	Limit, Height int
	// Notes say what could not be read, and why.
	Notes []string
}

// TopRow is one process. Comm, GoVersion and Group may hold anything.
type TopRow struct {
	PID       int
	Comm      string
	GoVersion string
	// Group is its container or control group, "" for the host's own.
	Group string
	summary.Line
}

// WriteTop prints the table.
func WriteTop(w io.Writer, o Options, t *Top) error {
	limit := len(t.Rows)
	if t.Limit > 0 {
		limit = min(limit, t.Limit)
	}
	p := newPrinter(o)
	p.top(t, limit)
	if lines := bytes.Count(p.out.Bytes(), []byte("\n")); t.Height > 0 && lines > t.Height {
		limit = max(limit-(lines-t.Height)-1, 1) // one line more says what is left out
		p = newPrinter(o)
		p.top(t, limit)
	}
	_, err := io.Copy(w, bytes.NewReader(p.out.Bytes()))
	return err
}

// topIndent is where the lines below the table begin.
const topIndent = 2

func (p *printer) top(t *Top, limit int) {
	p.paragraph(toneHead, 0, topHeadline(t)...)
	if len(t.Rows) > 0 {
		p.topTable(t.Rows[:limit])
	}
	if more := len(t.Rows) - limit; more > 0 {
		p.paragraph(toneDim, topIndent, "and "+ledger.Count(uint64(more))+" more")
	}
	for _, note := range topNotes(t) {
		p.paragraph(toneDim, topIndent, note)
	}
}

func (p *printer) topTable(rows []TopRow) {
	columns := topColumns(p.options.Width, rows)
	var line []piece
	for _, c := range columns {
		line = append(line, piece{toneHead, c.cell(c.head)})
	}
	p.line(line...)
	for i := range rows {
		line = line[:0]
		for _, c := range columns {
			line = append(line, piece{c.toneOf(&rows[i]), c.cell(c.text(&rows[i]))})
		}
		p.line(line...)
	}
}

func topHeadline(t *Top) []string {
	var res, back int64
	least := ""
	for i := range t.Rows {
		res += t.Rows[i].RES
		back += t.Rows[i].GoesBack.Bytes
		if !t.Rows[i].GoesBack.Known {
			least = "at least "
		}
	}
	number := ledger.Count(uint64(len(t.Rows))) + glue + "Go" + glue + "processes"
	switch len(t.Rows) {
	case 0:
		return []string{"no Go process was seen", t.At.Format(time.TimeOnly)}
	case 1:
		number = "1" + glue + "Go" + glue + "process"
	}
	return []string{number, "RES" + glue + size(res), least + size(back) + " of it could go back", t.At.Format(time.TimeOnly), "sizes in MiB"}
}

// Why a full look does not tell more.
const (
	heapChanged = "heap changed each time"
	pagesUnread = "Go's pages not read"
)

// topNotes are the caller's, and those that explain a sign of the table.
func topNotes(t *Top) []string {
	var unsteady, light, undivided, unread bool
	for i := range t.Rows {
		r := &t.Rows[i]
		unsteady = unsteady || r.Unsteady
		switch {
		case r.Full:
		case r.Light:
			light = true
		case r.Undivided:
			undivided = true
		default:
			unread = true
		}
	}
	var out []string
	if light {
		out = append(out, "? is not known from a look at the counters alone")
	}
	if undivided {
		out = append(out, "? "+heapChanged+": it could not be divided, though it was looked at in full")
	}
	if unread {
		out = append(out, "? "+pagesUnread+": whyres explain -p PID says why")
	}
	if unsteady {
		out = append(out, "! changed while it was read: its numbers are of different moments")
	}
	for _, note := range t.Notes {
		out = append(out, clean(note, 400))
	}
	return out
}
