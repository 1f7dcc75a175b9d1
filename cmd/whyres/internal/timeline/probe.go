package timeline

import (
	"bytes"
	"io"
	"strconv"

	"whyres/collector/probe"
)

// WriteProbe prints what a kernel's madvise did: a table, and below it what is worth
// a sentence. The report may come from a file: its texts are cleaned.
func WriteProbe(w io.Writer, o Options, r *probe.Report) error {
	p := newPrinter(o)
	p.paragraph(toneHead, 0, probeHeadline(r)...)
	p.paragraph(toneDim, 0, "sizes in MiB, times in µs for each MiB", "allocator: what became free for others", "back: touching it again")
	t := newProbeTable(o.Width)
	p.line(t.head()...)
	group := ""
	for i := range r.Cases {
		c := &r.Cases[i]
		if h := clean(probe.Heading(c.Call, c.Advice), 40); h != group {
			group = h
			p.line(piece{toneHead, "  " + h})
		}
		p.line(t.row(c)...)
	}
	p.probeMeanings(r)
	p.probeUnknown(r)
	p.probeNotes(r)
	_, err := io.Copy(w, bytes.NewReader(p.out.Bytes()))
	return err
}

// WriteCases lists what can be measured.
func WriteCases(w io.Writer, o Options, cases []probe.Case) error {
	p := newPrinter(o)
	group := ""
	for _, c := range cases {
		if h := probe.Heading(c.Call, c.Advice); h != group {
			group = h
			p.line(piece{toneHead, h})
		}
		p.line(piece{toneGC, "  " + left(c.ID, wCaseID)}, piece{tonePlain, c.Name})
		p.paragraph(toneDim, 4, c.Does)
	}
	_, err := io.Copy(w, bytes.NewReader(p.out.Bytes()))
	return err
}

// wCaseID has room for the longest id and a space.
const wCaseID = 26

func probeHeadline(r *probe.Report) []string {
	out := []string{
		"madvise on Linux" + glue + clean(r.Host.Kernel, 60), clean(r.Host.Arch, 20), "THP" + glue + clean(r.Host.THP, 20),
		plural(uint64(max(r.Host.CPUs, 0)), "CPU"),
	}
	if r.Host.SwapTotal == 0 {
		return append(out, "no swap")
	}
	return append(out, usize(r.Host.SwapTotal)+" swap")
}

// probeMeanings says of the verdicts that matter what they mean, each text once.
func (p *printer) probeMeanings(r *probe.Report) {
	texts := remarks{}
	for i := range r.Cases {
		c := &r.Cases[i]
		what, known := probe.Find(c.ID)
		if text := what.MeaningOf(c.Verdict); known && text != "" {
			texts.add(text, c)
		}
	}
	p.remarks("What that means for a Go program", texts)
}

// probeUnknown says why cases were not measured.
func (p *printer) probeUnknown(r *probe.Report) {
	texts := remarks{}
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Unknown != "" {
			texts.add(clean(c.Unknown, 400), c)
		}
	}
	p.remarks("Not measured", texts)
}

// caseName is a case's group, and its name within it.
func caseName(c *probe.Result) (group, name string) {
	name = clean(c.ID, 40)
	if what, known := probe.Find(c.ID); known {
		name = what.Name
	}
	return clean(probe.Heading(c.Call, c.Advice), 40), name
}

// remarks are texts, each with the cases that it is about.
type remarks struct {
	texts []string
	about map[string]string
	group map[string]string // of the last case of the text
}

func (s *remarks) add(text string, c *probe.Result) {
	if s.about == nil {
		s.about, s.group = map[string]string{}, map[string]string{}
	}
	group, name := caseName(c)
	switch about := s.about[text]; {
	case about == "":
		s.texts = append(s.texts, text)
		s.about[text] = group + ": " + name
	case s.group[text] == group:
		s.about[text] = about + "; " + name
	default:
		s.about[text] = about + "; " + group + ": " + name
	}
	s.group[text] = group
}

func (p *printer) remarks(title string, s remarks) {
	if len(s.texts) == 0 {
		return
	}
	p.blank()
	p.line(piece{toneHead, title})
	for _, text := range s.texts {
		p.paragraph(tonePlain, 2, s.about[text])
		p.paragraph(toneDim, 6, text)
	}
}

// probeNotes are what holds for the whole report.
func (p *printer) probeNotes(r *probe.Report) {
	if len(r.Missing)+len(r.Warnings)+len(r.Settings) > 0 {
		p.blank()
	}
	if r.Allocator == "" && len(r.Missing) > 0 {
		p.paragraph(toneDim, 0, "left RES, freed?: whether it became free for others too is not known here")
	}
	for _, text := range r.Missing {
		p.paragraph(toneDim, 0, "not seen: "+clean(text, 400))
	}
	for _, text := range r.Warnings {
		p.paragraph(toneGrow, 0, "note: "+clean(text, 400))
	}
	for _, s := range r.Settings {
		text := clean(s.Path, 200) + " was " + clean(s.From, 40) + ", became " + clean(s.To, 40)
		if s.Restored {
			p.paragraph(toneDim, 0, "setting: "+text+" for a moment, and is "+clean(s.From, 40)+" again")
		} else {
			p.paragraph(toneTrouble, 0, "setting NOT put back: "+text)
		}
	}
}

// probeMiB is a size of a case; nothing is "0".
func probeMiB(bytes int64) string {
	if bytes%mib == 0 {
		return strconv.FormatInt(bytes/mib, 10)
	}
	return amount(bytes)
}

func probeChange(bytes int64) string {
	if bytes > 0 {
		return "+" + probeMiB(bytes)
	}
	return probeMiB(bytes)
}
