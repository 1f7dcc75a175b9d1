package report

import (
	"fmt"
	"strconv"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Recording is what a page says of one recording.
type Recording struct {
	Name    string
	Head    []string
	When    string
	Verdict explain.Verdict
	Course  course.Course
	Answer  Answer
	Tiles   []Tile
	Tables  []Table
	Causes  []Cause
	// Notes say what of the numbers is not as it should be, and what of the charts
	// was thinned out.
	Notes []string

	words *Words
	data  data
	zero  mem.Instant // when the trace began
}

// Tile is a number that stands by itself.
type Tile struct{ Value, Name, Note string }

// Damage is what of a recording could not be read.
type Damage struct {
	Lines int  // damaged ones, which were left out
	Cut   bool // it ends in the middle
}

// Recording sums up the frames taken in. Name is its file's; id tells it from the
// others of the page.
func (g *Gatherer) Recording(id, name string, d Damage, words *Words) *Recording {
	r := &Recording{Name: words.Clean(name, 200), Verdict: g.meter.Verdict(), Course: g.meter.Course(), words: words, zero: g.zero}
	if g.header != nil {
		r.Head = words.Head(&mem.Header{Host: g.header.Host, Process: g.process, Children: g.header.Children})
		r.When = g.header.Time.Format("2006-01-02 15:04:05 MST")
	}
	r.Answer = words.cleanAnswer(words.Answer(&r.Verdict))
	g.looks.finish()
	r.data = g.data(id, r.Name, words)
	r.Tiles = tiles(&r.Course, &r.Verdict)
	r.Causes = causesOf(&r.Verdict, words)
	r.Tables = r.tables()
	r.Notes = append(g.notes(d), words.cleanAll(r.Verdict.Warnings)...)
	return r
}

func (g *Gatherer) data(id, name string, words *Words) data {
	out := data{
		ID: id, Name: name, RES: lineOf("res", "RES", &g.res), Stats: []line{}, Kinds: []kindData{}, Marks: marksOf(&g.groups),
		Ledger: layersOf(g.looks.list, words), Space: spaceOf(g.looks.list, words), Foretold: g.expected(),
	}
	if g.header != nil {
		out.Wall = g.header.Time.UnixMilli()
	}
	if g.stats.known > 0 {
		for i := range g.stats.lines {
			l := &g.stats.lines[i]
			out.Stats = append(out.Stats, lineOf(l.id, l.name, &l.series))
		}
	}
	for _, k := range g.groups.kinds {
		out.Kinds = append(out.Kinds, words.inWords(k))
	}
	if out.Foretold == nil {
		out.Foretold = []Foretold{}
	}
	out.End = g.since(g.last)
	return out
}

// tiles are the numbers of the first look.
func tiles(c *course.Course, v *explain.Verdict) []Tile {
	if c.Readings == 0 {
		return nil
	}
	out := []Tile{
		{ledger.Size(c.Peak), "peak RES", "near it " + span(c.PeakAfter) + " after the first reading"},
		{ledger.Size(c.Rest), "RES at the end", "still for " + span(c.Still)},
		{ledger.Size(c.GivenBack), "given back", percent(c.GivenBack, c.Peak) + " of the peak"},
	}
	if c.Half != nil && c.NineTenths != nil {
		out = append(out, Tile{span(c.Half.After), "until half of it had gone", "after RES had risen; nine tenths: " + span(c.NineTenths.After)})
	}
	if v.Trace == nil {
		return out
	}
	out = append(out, Tile{strconv.FormatUint(v.GCs, 10), "garbage collections", "in " + span(v.Duration)})
	if v.Lost > 0 {
		out = append(out, Tile{strconv.FormatUint(v.Lost, 10), "events were lost", "all sums are: at least"})
	}
	return out
}

// notes say what is missing, and what was thinned out and how.
func (g *Gatherer) notes(d Damage) []string {
	var out []string
	if d.Cut {
		out = append(out, "The recording was cut short: all here is of what came before.")
	}
	if d.Lines > 0 {
		out = append(out, fmt.Sprintf("%d damaged lines of the recording were left out.", d.Lines))
	}
	if g.res.width > 0 {
		out = append(out, fmt.Sprintf("The curve of RES is drawn from %d of %d readings: in each %s the first, the lowest, the highest and the last.",
			len(g.res.at), g.res.read, span(g.res.width)))
	}
	if g.groups.width > 0 {
		out = append(out, fmt.Sprintf("Calls of one kind within %s are drawn as one mark with their sums: %d marks for %d calls and other happenings. The tables count each.",
			span(g.groups.width), len(g.groups.list), g.groups.seen))
	}
	for i := range g.stats.lines {
		if l := &g.stats.lines[i]; l.series.width > 0 {
			out = append(out, fmt.Sprintf("%s is drawn from %d of %d readings: in each %s the first, the lowest, the highest and the last.",
				l.name, len(l.series.at), l.series.read, span(l.series.width)))
		}
	}
	if len(g.looks.list) < g.looks.seen {
		out = append(out, fmt.Sprintf("Where RES was is drawn from %d of %d full looks: of neighbours the one with more RES.", len(g.looks.list), g.looks.seen))
	}
	if g.others > 0 {
		out = append(out, fmt.Sprintf("%d calls of other processes, its children, are in the recording and not on this page.", g.others))
	}
	return out
}

// span is a length of time (ns) for people: "4.0 ms", "2.3 s", "2m09s", "1h40m".
func span(ns int64) string {
	const long = 100 * time.Minute
	d := time.Duration(ns)
	if d < long {
		return lab.CPUTime.Text(float64(ns))
	}
	minutes := d.Round(time.Minute) / time.Minute
	return fmt.Sprintf("%dh%02dm", minutes/60, minutes%60)
}

func percent(part, whole int64) string {
	if whole <= 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(part)/float64(whole))
}

// ID is what the page calls it.
func (r *Recording) ID() string { return r.data.ID }

// Long is how long it took.
func (r *Recording) Long() string {
	if r.data.End <= 0 {
		return ""
	}
	return span(r.data.End)
}

// Drawn reports whether there is anything to draw.
func (r *Recording) Drawn() bool { return len(r.data.RES.At) > 0 }

// BurstEnded tells when a lab's burst was over, on the recording's clock.
func (r *Recording) BurstEnded(at mem.Instant) {
	if since := int64(at - r.zero); since >= 0 && since <= r.data.End {
		r.data.BurstEnd = &since
	}
}

// Repeats tells that it is another run of a lab's setting, which is there already.
func (r *Recording) Repeats() { r.data.Again = true }

// Settled tells that the recording ends so many ns after a lab's burst.
func (r *Recording) Settled(ns int64) {
	if at := r.data.End - ns; ns > 0 && at >= 0 {
		r.data.BurstEnd = &at
	}
}

// Looked reports whether there is a full sample.
func (r *Recording) Looked() bool { return len(r.data.Ledger.At) > 0 }

// LostText says whether all events are there.
func (r *Recording) LostText() string {
	t := r.Verdict.Trace
	switch {
	case t == nil:
		return "No calls were traced: the page knows only what the process looked like from outside."
	case t.Lost > 0:
		return "Lost events: " + ledger.Count(t.Lost) + ". All sums of calls are: at least."
	}
	return "Lost events: 0."
}

// Title names it in a line: the program and its pid, or else the file.
func (r *Recording) Title() string {
	if len(r.Head) < 2 {
		return r.Name
	}
	return r.Head[0] + " · " + r.Head[1]
}
