package diff

import (
	"fmt"
	"strings"

	"whyres/collector/probe"
)

// Probe is one report of whyres probe.
type Probe struct {
	Name   string
	Report probe.Report
}

// CompareProbes lays two kernels' answers side by side, case by case.
func CompareProbes(a, b *Probe) Report {
	r := &rows{group: GroupHost}
	machines(r, a.Report.Host, b.Report.Host)
	r.group = GroupCases
	x, y := byID(a), byID(b)
	notes := append([]string{}, lacking("A", x, "B", y)...)
	notes = append(notes, lacking("B", y, "A", x)...)
	notes = append(notes, blindness(a, b, x, y)...)
	both, neitherOne := 0, 0
	for _, c := range a.Report.Cases {
		switch q := y[c.ID]; {
		case q == nil:
			continue
		case c.Verdict == probe.NotMeasured && q.Verdict == probe.NotMeasured:
			neitherOne++
		default:
			cases(r, x[c.ID], q)
		}
		both++
	}
	if neitherOne > 0 {
		notes = append(notes, counted(neitherOne, "case was", "cases were")+" measured in neither")
	}
	if both == neitherOne {
		notes = append(notes, "no case was measured in both: only the hosts are compared")
	}
	return Report{Schema: Schema, Of: Probes, A: a.about(), B: b.about(), Rows: r.list, Notes: notes}
}

func (p *Probe) about() About {
	return About{Name: p.Name, Time: p.Report.Time, Host: p.Report.Host}
}

func byID(p *Probe) map[string]*probe.Result {
	out := map[string]*probe.Result{}
	for i := range p.Report.Cases {
		out[p.Report.Cases[i].ID] = &p.Report.Cases[i]
	}
	return out
}

// lacking says what only one of the reports has.
func lacking(has string, x map[string]*probe.Result, lacks string, y map[string]*probe.Result) []string {
	n := 0
	for id := range x {
		if y[id] == nil {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s in %s and not in %s, and not compared", counted(n, "case is", "cases are"), has, lacks)}
}

// cases compares what one case showed. What was not measured has no numbers.
func cases(r *rows, a, b *probe.Result) {
	id := "case." + a.ID + "."
	first := len(r.list)
	row := func(key, what string, of func(*probe.Result) Value) Row {
		out := Row{ID: id + key, What: a.ID + what}
		if a.Verdict != probe.NotMeasured {
			out.A = of(a)
		}
		if b.Verdict != probe.NotMeasured {
			out.B = of(b)
		}
		return out
	}
	if !halfSeen(a, b) {
		r.text(id+"verdict", a.ID, string(a.Verdict), string(b.Verdict), whyVerdict(a, b))
	}
	if a.Verdict == probe.NotMeasured || b.Verdict == probe.NotMeasured {
		return
	}
	r.text(id+"errno", a.ID+": errno", answer(a), answer(b), "")
	r.size(row("rss_change", ": RES", func(c *probe.Result) Value { return number(c.RSSChange) }), neither)
	if a.ToAllocator != nil && b.ToAllocator != nil {
		r.size(row("to_allocator", ": the kernel got", func(c *probe.Result) Value { return number(*c.ToAllocator) }), neither)
	}
	if a.LaterRSSChange != nil && b.LaterRSSChange != nil {
		r.size(row("later_rss_change", ": RES later", func(c *probe.Result) Value { return number(*c.LaterRSSChange) }), neither)
	}
	pace := row("ns_per_mib", ": time a MiB", func(c *probe.Result) Value { return took(c.NSPerMiB) })
	pace.Unit, pace.Detail = Duration, true
	r.add(pace, less, sameProbeTime)
	if a.RefaultNSPerMiB != nil && b.RefaultNSPerMiB != nil {
		again := row("refault_ns_per_mib", ": a MiB touched again", func(c *probe.Result) Value { return took(*c.RefaultNSPerMiB) })
		again.Unit, again.Detail = Duration, true
		r.add(again, less, sameProbeTime)
	}
	quieten(r.list[first:])
}

// quieten makes details of what the verdict has said: the numbers, where it differs
// itself (whyVerdict has them), or where they are the same.
func quieten(rows []Row) {
	said := len(rows) > 0 && strings.HasSuffix(rows[0].ID, ".verdict")
	for i := range rows {
		if said && i == 0 {
			continue
		}
		rows[i].Detail = rows[i].Detail || said && rows[0].Mark != Same || rows[i].Mark == Same
	}
}

// sameProbeTime: neither is twice the other.
func sameProbeTime(a, b int64) bool { return max(a, b)/probeTimes < max(min(a, b), 1) }

// took is a time of which 0 says that there is none.
func took(ns int64) Value {
	if ns <= 0 {
		return Value{}
	}
	return number(ns)
}
