package timeline

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"

	"whyres/collector/explain"
)

// Verdict prints the verdict by itself: whose it is, then why RES is what it is,
// where it is, and what was given back. before is that of an earlier look at the
// same process, beside which the changes are shown; nil where there is none.
func Verdict(w io.Writer, o Options, v, before *explain.Verdict) error {
	p := newPrinter(o)
	p.whose(v, before)
	p.verdict(v, before)
	_, err := io.Copy(w, bytes.NewReader(p.out.Bytes()))
	return err
}

// Verdict prints the rows that are still open, and the verdict in place of the
// totals. Close prints what is left to say.
func (t *Timeline) Verdict(v *explain.Verdict) error {
	if t.done || t.err != nil {
		return t.err
	}
	if v.Trace != nil { // it knows the kernel's own high-water mark
		t.group.totals.peak = max(t.group.totals.peak, v.RESPeak)
	}
	t.finish()
	t.judged = true
	t.lines.verdict(v, nil)
	return t.flush()
}

// verdict adds all of it: the sentences first.
func (p *printer) verdict(v, before *explain.Verdict) {
	p.blank()
	answer := AnswerOf(v)
	p.sayings("Why:  ", answer.Why)
	p.sayings("When: ", answer.When)
	p.sayings("Do:   ", answer.Do)
	if len(v.Ledger) > 0 {
		p.blank()
		p.tree(treeTitle(v), v.RES, v.Ledger, bytesOf(before))
	}
	if v.Trace != nil {
		p.blank()
		p.givenBack(v.Trace)
	}
	if v.MemStats.Source != "" && v.MemStats.Source != "none" && v.MemStats.Sys > 0 {
		p.blank()
		p.paragraph(tonePlain, treeIndent, memStatsText(v)...)
	}
	if v.Pages != nil && len(v.Pages.Sizes) > 0 {
		p.blank()
		p.sizes(v.Pages.Sizes)
	}
	p.causes(v.Causes, v.RES)
	p.limits(v)
	p.warnings(v.Warnings)
	p.blank()
}

func (p *printer) blank() { p.out.WriteByte('\n') }

// widestText is where sentences are wrapped however wide the terminal is.
const widestText = 110

// sayings adds sentences under a word that leads them; a sentence never shares
// a line with another.
func (p *printer) sayings(lead string, sentences []string) {
	w := 0
	if p.options.Width > 0 {
		w = max(min(p.options.Width, widestText)-width(lead), 8)
	}
	for _, sentence := range sentences {
		lines := wrapClauses([]string{glueUnits(clean(sentence, 2000))}, w)
		for _, line := range lines {
			p.line(piece{toneHead, lead}, piece{tonePlain, line})
			lead = strings.Repeat(" ", width(lead))
		}
	}
}

// glueUnits keeps numbers and their units on one line.
func glueUnits(s string) string {
	for _, unit := range [...]string{" B", " KiB", " MiB", " GiB", " TiB", " %", " s"} {
		for _, end := range [...]string{" ", ".", ",", ";", ":", ")"} {
			s = strings.ReplaceAll(s, unit+end, glue+unit[1:]+end)
		}
	}
	return s
}

// oldSample is from when on the sample that a verdict divides is not of now.
const oldSample = 100 * time.Millisecond

// old is how long before the end of a trace the sample was taken, 0 where that
// is now.
func old(v *explain.Verdict) time.Duration {
	if ago := time.Duration(v.SampleAge); v.Trace != nil && ago >= oldSample {
		return ago
	}
	return 0
}

// treeTitle says of when the tree is.
func treeTitle(v *explain.Verdict) string {
	if ago := old(v); ago > 0 {
		return "where RES was, " + span(ago) + " before the end"
	}
	if v.Ended {
		return endedTitle
	}
	return narrowTitle
}

// endedTitle is narrowTitle of a process that has ended.
const endedTitle = "where RES was at the end"

// bytesOf are the parts of a verdict by their ids, and RES as "".
func bytesOf(v *explain.Verdict) map[string]int64 {
	if v == nil {
		return nil
	}
	out := map[string]int64{"": v.RES}
	for _, part := range v.Ledger {
		out[part.ID] = part.Bytes
	}
	return out
}

// warnings adds what the numbers do not hold, but for what the header has said.
func (p *printer) warnings(warnings []string) {
	first := true
	for _, w := range warnings {
		if slices.Contains(p.missing, w) {
			continue
		}
		if first {
			p.blank()
			first = false
		}
		p.paragraph(toneDim, treeIndent, "note: "+glueUnits(clean(w, 1000)))
	}
}
