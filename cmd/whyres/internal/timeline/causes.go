package timeline

import (
	"fmt"
	"strings"

	"whyres/collector/explain"
	"whyres/collector/explain/causes"
)

// causes adds each cause with its proof and its remedies. In brief, and of those
// that are only possible and hold less than a quarter of RES, the first line is all.
func (p *printer) causes(list []explain.Cause, res int64) {
	if len(list) == 0 {
		return
	}
	p.blank()
	for i := range list {
		p.cause(&list[i], res)
	}
}

func (p *printer) cause(c *explain.Cause, res int64) {
	clauses := []string{clean(c.ID, 40)}
	if c.Bytes != 0 || c.Beside == 0 {
		clauses = append(clauses, size(c.Bytes)+" ("+percentOf(c.Bytes, res)+" of RES)")
	}
	if c.Beside != 0 {
		clauses = append(clauses, size(c.Beside)+" not in RES")
	}
	clauses = append(clauses, clean(string(c.Confidence), 20))
	p.paragraph(toneHead, treeIndent, glued(clauses)...)
	if p.options.Brief || c.Confidence == causes.Possible && 4*c.Bytes < res && !p.options.Verbose {
		return
	}
	proof := "proof   "
	if c.Confidence != causes.Proved {
		proof = "seen    "
	}
	for _, list := range [...]struct {
		lead  string
		texts []string
	}{{proof, c.Evidence}, {"remedy  ", c.Remedy}, {"ask     ", c.Ask}, {"more    ", some(c.Page)}} {
		p.items(treeIndent+2, list.lead, list.texts)
	}
}

// items adds one item a line, under a word that leads the first.
func (p *printer) items(indent int, lead string, texts []string) {
	w := 0
	if p.options.Width > 0 {
		w = max(min(p.options.Width, widestText)-indent-width(lead), 8)
	}
	for _, text := range texts {
		for _, line := range wrapClauses([]string{glueUnits(clean(text, 1000))}, w) {
			p.line(piece{toneDim, strings.Repeat(" ", indent) + lead}, piece{tonePlain, line})
			lead = strings.Repeat(" ", width(lead))
		}
	}
}

func some(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func glued(clauses []string) []string {
	for i := range clauses {
		clauses[i] = glueUnits(clauses[i])
	}
	return clauses
}

// percentOf is a share for people.
func percentOf(part, whole int64) string {
	if whole <= 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(part)/float64(whole))
}
