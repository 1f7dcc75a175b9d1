package main

import (
	"fmt"
	"io"
	"time"

	"whyres/cmd/whyres/internal/timeline"
)

// progress shows, on one line of a terminal, how far something is that takes more
// than a moment, and about how long the rest will take. Elsewhere it is silent.
type progress struct {
	out         io.Writer
	began       time.Time
	done, total int
	shown       bool
}

func newProgress(out io.Writer) *progress {
	if !isTerminal(out) {
		out = nil
	}
	return &progress{out: out}
}

func (p *progress) begin(total int) { p.began, p.total = time.Now(), total }

// next says what is done now.
func (p *progress) next(what string) {
	p.done++
	if p.out == nil {
		return
	}
	left := ""
	if took := time.Since(p.began); p.done > 1 {
		rest := took / time.Duration(p.done-1) * time.Duration(p.total-p.done+1)
		left = fmt.Sprintf(", about %d s left", int(rest.Seconds()+1))
	}
	p.shown = true
	_, _ = fmt.Fprintf(p.out, "\r%swhyres: %d of %d%s: %s", eraseLine, p.done, p.total, left, timeline.Clean(what, 40))
}

// end takes the line away.
func (p *progress) end() {
	if p.shown {
		_, _ = fmt.Fprint(p.out, "\r"+eraseLine)
		p.shown = false
	}
}

// about says what takes a moment between two steps.
func (p *progress) about(what string) {
	if p.out != nil {
		p.shown = true
		_, _ = fmt.Fprintf(p.out, "\r%swhyres: %s", eraseLine, what)
	}
}
