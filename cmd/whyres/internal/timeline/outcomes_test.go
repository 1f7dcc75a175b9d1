package timeline

import (
	"strings"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/mem"
)

// outcomesOf is a trace of 61.0 MiB asked for, one row an outcome.
func outcomesOf(measured bool) *explain.Trace {
	t := &explain.Trace{}
	add := func(why explain.Why, calls uint64, asked, left, got, again float64) {
		o := explain.Outcome{Why: why, Calls: calls, Asked: uint64(mibs(asked)), Left: mibs(left), TakenAgain: uint64(mibs(again))}
		if measured {
			freed := mibs(got)
			o.ToAllocator = &freed
		}
		if why == explain.WhyTakenAgain {
			o.TakenAfter = int64(300 * time.Millisecond)
		}
		t.Outcomes = append(t.Outcomes, o)
		r := &t.Releases
		r.Calls, r.Asked, r.Attributed, r.LeftRES = r.Calls+calls, r.Asked+o.Asked, r.Attributed+o.Left, r.LeftRES+o.Left
		r.Refaulted += o.TakenAgain
		if measured {
			if r.ToAllocator == nil {
				r.ToAllocator = new(int64)
			}
			*r.ToAllocator += *o.ToAllocator
		}
	}
	add(explain.WhyGone, 161, 21.3, 21.3, 21.2, 0)
	add(explain.WhyTakenAgain, 40, 8, 8, 8, 7.5)
	add(explain.WhyRefusedLocked, 4, 12, 0, 0, 0)
	add("refused: EPERM", 1, 0.5, 0, 0, 0)
	add(explain.WhyLazy, 2, 6, 0, 0, 0)
	add(explain.WhyNotResident, 3, 4, 0, 0, 0)
	if measured {
		add(explain.WhyHuge, 6, 3, 3, 0, 0)
		add(explain.WhyShared, 6, 3, 3, 0, 0)
		add(explain.WhyElsewhere, 2, 1, 1, 0.2, 0)
	} else {
		add(explain.WhyMaybeShared, 6, 7, 7, 0, 0)
	}
	add(explain.WhyNoEffect, 1, 1, 0, 0, 0)
	add(explain.WhyKept, 1, 0.7, 0, 0, 0)
	add(explain.WhyUnknown, 1, 0.5, 0, 0, 0)
	t.ByWho = []explain.ByWho{{Who: mem.WhoBackground, Calls: t.Releases.Calls, Asked: t.Releases.Asked, Attributed: t.Releases.Attributed}}
	t.MappedAnew = &explain.Outcome{Calls: 7, Asked: uint64(mibs(9)), Left: mibs(1.5)}
	t.Collapses = explain.Grown{Calls: 8, Bytes: uint64(mibs(2)), Unknown: 1}
	return t
}

func givenBackText(o Options, t *explain.Trace) string {
	p := newPrinter(o)
	p.givenBack(t)
	return p.out.String()
}

func TestOutcomesGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"outcomes-120":       {Width: 120},
		"outcomes-120-color": {Width: 120, Color: true},
		"outcomes-80":        {Width: 80},
		"outcomes-50":        {Width: 50},
		"outcomes-pipe":      {},
		"outcomes-ascii":     {Width: 100, ASCII: true},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, givenBackText(o, outcomesOf(true))) })
	}
	t.Run("not measured", func(t *testing.T) {
		golden(t, "outcomes-unmeasured", givenBackText(Options{Width: 100}, outcomesOf(false)))
	})
}

// Each line fits, whatever the width.
func TestOutcomesFit(t *testing.T) {
	for w := 40; w < 130; w++ {
		for _, measured := range []bool{true, false} {
			for line := range strings.Lines(givenBackText(Options{Width: w}, outcomesOf(measured))) {
				checkLine(t, Options{Width: w}, strings.TrimSuffix(line, "\n"))
			}
		}
	}
}

// Where all is gone, a second table would say nothing.
func TestNoOutcomesWhereAllIsGone(t *testing.T) {
	trace := outcomesOf(false)
	trace.Outcomes, trace.MappedAnew, trace.Collapses = trace.Outcomes[:1], nil, explain.Grown{}
	if text := givenBackText(Options{Width: 100}, trace); strings.Contains(text, "became") {
		t.Errorf("a table of one row:\n%s", text)
	}
}
