package diff

import (
	"fmt"
	"strings"

	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// releases compares the sums over the calls that release, and what came back.
func releases(r *rows, a, b *Side) {
	r.group = GroupGiven
	x, y := &a.Verdict.Releases, &b.Verdict.Releases
	r.size(Row{ID: "releases.asked", What: "asked to release", A: unsigned(x.Asked), B: unsigned(y.Asked)}, neither)
	r.size(Row{ID: "releases.attributed", What: "of it left RES", A: number(x.Attributed), B: number(y.Attributed), Why: whyLeft(a, b)}, neither)
	if x.ToAllocator != nil && y.ToAllocator != nil {
		r.size(Row{ID: "releases.to_allocator", What: "of it, the kernel got", A: number(*x.ToAllocator), B: number(*y.ToAllocator)}, neither)
	}
	r.size(Row{ID: "releases.refaulted", What: "released and taken again", A: unsigned(x.Refaulted), B: unsigned(y.Refaulted)}, less)
	r.size(Row{
		ID: "collapses.bytes", What: "khugepaged put back", A: unsigned(a.Verdict.Collapses.Bytes), B: unsigned(b.Verdict.Collapses.Bytes),
		Why: whyCollapsed(a, b),
	}, less)
	r.count(Row{ID: "gcs", What: "GCs", A: unsigned(a.Verdict.GCs), B: unsigned(b.Verdict.GCs)}, neither)
}

// whyLeft names, of the side of whose releases less left, what became of the rest.
func whyLeft(a, b *Side) string {
	side, name := a, "A"
	if missed(b) > missed(a) {
		side, name = b, "B"
	}
	var worst explain.Outcome
	for _, o := range side.Verdict.Outcomes {
		if gone(o.Why) {
			continue
		}
		if short(&o) > short(&worst) {
			worst = o
		}
	}
	if worst.Why == "" {
		return ""
	}
	return fmt.Sprintf("%s: %s asked, but %s", name, ledger.Size(short(&worst)), became(worst.Why))
}

func missed(s *Side) int64 {
	return int64(min(s.Verdict.Releases.Asked, 1<<62)) - s.Verdict.Releases.Attributed
}

// short is what of a release stayed in RES, or was not there.
func short(o *explain.Outcome) int64 { return int64(min(o.Asked, 1<<62)) - o.Left }

func gone(why explain.Why) bool { return why == explain.WhyGone || why == explain.WhyTakenAgain }

// became is what became of a release, in words.
func became(why explain.Why) string {
	switch why {
	case explain.WhyLazy:
		return "lazily (MADV_FREE): it stays in RES until the kernel needs memory"
	case explain.WhyNotResident:
		return "it was not resident"
	case explain.WhyRefusedLocked:
		return "refused: it is locked in memory"
	}
	return string(why)
}

func whyCollapsed(a, b *Side) string {
	side, name := a, "A"
	if b.collapsed() > a.collapsed() {
		side, name = b, "B"
	}
	h := side.Header.Host
	said := fmt.Sprintf("%s: %s grew back: khugepaged (THP %s", name, ledger.Size(side.collapsed()), h.THP)
	if h.MaxPtesNone != nil {
		said += fmt.Sprintf(", max_ptes_none %d", *h.MaxPtesNone)
	}
	return said + ")"
}

type call struct {
	call   mem.Call
	advice string
	who    mem.Who
}

// calls compares by call, advice and caller: of those that release what they took
// out of RES, of all how many there were and what they asked for.
func calls(r *rows, a, b *Side) {
	r.group = GroupCalls
	x, y := byCall(a), byCall(b)
	for _, k := range bothKeys(a.Course.Calls, b.Course.Calls) {
		c, d := x[k], y[k]
		id := "calls." + string(k.call) + "." + k.advice + "." + string(k.who) + "."
		what := k.words()
		r.size(Row{
			ID: id + "attributed", What: what,
			A: seen(c, func(c course.Calls) Value { return number(c.Attributed) }),
			B: seen(d, func(c course.Calls) Value { return number(c.Attributed) }), Detail: !k.releases(),
		}, neither)
		r.size(Row{
			ID: id + "asked", What: what + ": asked",
			A: seen(c, func(c course.Calls) Value { return unsigned(c.Asked) }),
			B: seen(d, func(c course.Calls) Value { return unsigned(c.Asked) }), Detail: true,
		}, neither)
		r.count(Row{
			ID: id + "calls", What: what + ": calls",
			A: seen(c, func(c course.Calls) Value { return unsigned(c.Calls) }),
			B: seen(d, func(c course.Calls) Value { return unsigned(c.Calls) }), Detail: true,
		}, neither)
	}
}

// seen is 0 where there was no such call: both sides saw all calls.
func seen(c *course.Calls, of func(course.Calls) Value) Value {
	if c == nil {
		return number(0)
	}
	return of(*c)
}

func byCall(s *Side) map[call]*course.Calls {
	out := map[call]*course.Calls{}
	for i := range s.Course.Calls {
		c := &s.Course.Calls[i]
		out[call{c.Call, c.Advice, c.Who}] = c
	}
	return out
}

// bothKeys are the kinds of calls of both, in the order of A, then of B.
func bothKeys(lists ...[]course.Calls) []call {
	var out []call
	known := map[call]bool{}
	for _, list := range lists {
		for _, c := range list {
			k := call{c.Call, c.Advice, c.Who}
			if !known[k] {
				known[k] = true
				out = append(out, k)
			}
		}
	}
	return out
}

func (k call) releases() bool {
	e := mem.Event{Advice: k.advice}
	return e.Releases() || k.call == mem.Munmap
}

func (k call) words() string {
	name := string(k.call)
	if name == "" {
		return "all other calls"
	}
	if k.advice != "" {
		name = strings.TrimPrefix(k.advice, "MADV_")
	}
	return name + ", " + caller(k.who)
}
