package timeline

import (
	"bytes"
	"io"

	"whyres/collector/explain/causes"
)

// Page prints what is known of one cause, whatever the process.
func Page(w io.Writer, o Options, c *causes.Cause) error {
	p := newPrinter(o)
	p.section(c.ID, c.Page.What+".")
	p.section("How it comes about", c.Page.Mechanism)
	p.section("What proves it", c.Page.Proof)
	p.section("What to do", c.Page.Remedy...)
	p.section("Versions", c.Page.Versions)
	p.section("Sources", c.Page.Sources...)
	return p.copyTo(w)
}

// section adds texts below a head; several are a list.
func (p *printer) section(head string, texts ...string) {
	if p.out.Len() > 0 {
		p.blank()
	}
	p.line(piece{toneHead, head})
	lead := ""
	if len(texts) > 1 {
		lead = "- "
	}
	for _, text := range texts {
		p.items(2, lead, []string{text})
	}
}

// Pages lists the causes with what each is.
func Pages(w io.Writer, o Options, all []causes.Cause) error {
	p := newPrinter(o)
	longest := 0
	for i := range all {
		longest = max(longest, width(all[i].ID))
	}
	for i := range all {
		p.items(0, left(all[i].ID, longest+2), []string{all[i].Page.What})
	}
	return p.copyTo(w)
}

func (p *printer) copyTo(w io.Writer) error {
	_, err := io.Copy(w, bytes.NewReader(p.out.Bytes()))
	return err
}
