package timeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"whyres/collector/mem"
)

// script tells of n children within 2 s: each runs a program, maps and ends.
// Their row begins 10 µs after the first fork, and so holds that of 1 s later.
func script(s *teller, n int, names ...string) {
	for i := range n {
		now, pid := 2+float64(i)*2/float64(n), 5000+i
		s.mark(now, mem.Mark{Kind: mem.MarkFork, Child: pid})
		s.mark(now+1e-5, mem.Mark{Kind: mem.MarkExec, PID: pid, Comm: names[i%len(names)], Why: "bash"})
		for j := range 3 {
			e := reserve(2, 3)
			e.PID = pid
			s.call(now+2e-5+float64(j)*1e-6, 0, e)
		}
		s.mark(now+4e-5, mem.Mark{Kind: mem.MarkExit, PID: pid})
	}
	s.sample(6, 10)
}

func TestChildren(t *testing.T) {
	for name, c := range map[string]struct {
		frames []mem.Frame
		want   []string
	}{
		"many are one row a second": {tell(func(s *teller) { script(s, 200, "true", "bash") }), []string{
			startRow,
			"+2.00s 10.0 ⇢ forked | 100 children, the last is 5099",
			"+2.00s - ⇢ children | 101 started, 100 ended: true, bash · 300 calls",
			"+3.00s 10.0 ⇢ forked | 100 children, the last is 5199",
			"+3.00s - ⇢ children | 99 started, 100 ended: true, bash · 300 calls",
		}},
		"their names are bounded and escaped": {tell(func(s *teller) {
			script(s, 200, "\x1b[31m", strings.Repeat("n", 500), "c", "d", "e", "f")
		}), []string{
			startRow,
			"+2.00s 10.0 ⇢ forked | 100 children, the last is 5099",
			`+2.00s - ⇢ children | 101 started, 100 ended: \x1b[31m, nnnnn…nnnnnnnnnn, c, d and others · 300 calls`,
			"+3.00s 10.0 ⇢ forked | 100 children, the last is 5199",
			`+3.00s - ⇢ children | 99 started, 100 ended: e, f, \x1b[31m, nnnnn…nnnnnnnnnn and others · 300 calls`,
		}},
		"one is told as it goes": {tell(func(s *teller) { script(s, 1, "true") }), []string{
			startRow,
			"+2.00s 10.0 ⇢ forked | child 5000",
			"+2.00s - ⇢ exec | true · in place of bash · process 5000",
			"+2.00s - · mapped | mmap ×3: 6.0 MiB · heap growth · process 5000",
			"+2.00s - ■ exited | code 0 · process 5000",
		}},
		"small calls of several are none": {tell(func(s *teller) {
			for i := range 40 {
				e := reserve(0.01, 3)
				e.PID = 5000 + i%2
				s.call(2+float64(i)/100, 0, e)
			}
		}), []string{startRow}},
		"what they gave back is said": {tell(func(s *teller) {
			for i := range 4 {
				e := release(4, mem.WhoForced)
				e.PID = 5000 + i%2
				s.call(2+float64(i)/100, -4*mib, e)
			}
		}), []string{startRow, "+2.00s - ⇢ children | 0 started, 0 ended · 4 calls · took 16.0 of their RES"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, rows, _ := rowsOf(c.frames)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
			for _, r := range rows {
				if r.word == "children" && r.tone != toneDim {
					t.Error("the row of children is not dim")
				}
			}
		})
	}
}

// TestChildrenVerbose: -v tells each call and mark.
func TestChildrenVerbose(t *testing.T) {
	got := render(t, Options{Verbose: true}, tell(func(s *teller) { script(s, 20, "true") }))
	for what, n := range map[string]int{"⇢ forked": 20, "⇢ exec": 20, "mmap: 2.0": 60, "■ exited": 20, "⇢ children": 0} {
		if strings.Count(got, what) != n {
			t.Errorf("%d times %q, want %d", strings.Count(got, what), what, n)
		}
	}
}

// TestChildrenAreBounded: thousands of children take no more memory than a few.
func TestChildrenAreBounded(t *testing.T) {
	g := newGrouper(false, func(row) {})
	for i, f := range tell(func(s *teller) {
		for i := range 5000 {
			s.mark(2+float64(i)/1e5, mem.Mark{Kind: mem.MarkExec, PID: 5000 + i, Comm: fmt.Sprint("p", i)})
		}
	}) {
		g.frame(f)
		for _, b := range g.pending {
			if c := b.children; c != nil && (len(c.singles) > maxSingles || len(c.names) > maxNames) || len(g.pending) > 2 {
				t.Fatalf("frame %d: %d pending, %+v", i, len(g.pending), c)
			}
		}
	}
}
