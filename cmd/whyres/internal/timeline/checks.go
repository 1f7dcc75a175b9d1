package timeline

import (
	"bytes"
	"io"
	"strings"
)

// Finding is one line of what was checked. Its texts may hold what a target
// says of itself.
type Finding struct {
	// Status is ok, missing, unknown or info.
	Status string
	Name   string
	Found  string
	Means  string
	Remedy string
}

// Section is findings under a title.
type Section struct {
	Title    string
	Findings []Finding
}

// WriteFindings prints the sections, and the sentence that they come to.
func WriteFindings(w io.Writer, o Options, sections []Section, verdict string) error {
	p := newPrinter(o)
	for _, s := range sections {
		p.paragraph(toneHead, 0, clean(s.Title, 200))
		last := ""
		for _, f := range s.Findings {
			p.finding(f, f.Remedy == last)
			if f.Remedy != "" {
				last = f.Remedy
			}
		}
	}
	p.paragraph(toneHead, 0, clean(verdict, 400))
	_, err := io.Copy(w, bytes.NewReader(p.out.Bytes()))
	return err
}

// Where the columns of a finding begin.
const (
	wStatus     = 8
	wName       = 20
	findingText = 2 + 2 + wStatus + wName // indent, mark, status, name
	// leastFinding is the least room for its text beside the name.
	leastFinding = 30
)

// finding prints a mark, the status in a word, the name and what was found; below
// that what it means and what to do. A remedy may be a command, to be copied: it
// is one line, however long.
func (p *printer) finding(f Finding, sameRemedy bool) {
	mark, t := findingMark(f.Status)
	head := []piece{
		{t, "  " + mark + " " + left(f.Status, wStatus)},
		{tonePlain, left(cutEnd(clean(f.Name, 4*wName), wName-1), wName)},
	}
	at, room := findingText, p.options.Width-findingText
	if p.options.Width <= 0 {
		room = 0
	} else if room < leastFinding {
		p.line(head...)
		at, head, room = remedyAt, nil, p.options.Width-remedyAt
	}
	indent := strings.Repeat(" ", at)
	for i, line := range wrapFinding(clean(f.Found, longestFinding), room) {
		if i > 0 || head == nil {
			head = []piece{{tonePlain, indent}}
		}
		p.line(append(head, piece{tonePlain, line})...)
	}
	for _, line := range wrapFinding(clean(f.Means, longestFinding), room) {
		if line != "" {
			p.line(piece{tonePlain, indent}, piece{toneDim, line})
		}
	}
	switch {
	case f.Remedy == "":
	case sameRemedy:
		p.line(piece{tonePlain, indent}, piece{toneGC, "do: the same"})
	default:
		p.line(piece{toneGC, strings.Repeat(" ", remedyAt) + "do: " + clean(f.Remedy, longestFinding)})
	}
}

// remedyAt is where a remedy begins.
const remedyAt = 4

// longestFinding is where a text is cut.
const longestFinding = 600

func wrapFinding(text string, room int) []string {
	if room <= 0 {
		return []string{text}
	}
	return wrapWords(text, room)
}

func findingMark(status string) (mark string, t tone) {
	switch status {
	case "ok":
		return "✔", toneReturn
	case "missing":
		return "✘", toneTrouble
	case "unknown":
		return "?", toneGrow
	}
	return "·", toneDim
}
