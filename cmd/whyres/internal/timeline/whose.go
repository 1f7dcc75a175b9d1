package timeline

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"whyres/collector/explain"
	"whyres/collector/mem"
)

// widestHead is up to where RES is moved to the right of the first line.
const widestHead = 110

// whose adds the first line: the process at the left, its RES at the right.
func (p *printer) whose(v, before *explain.Verdict) {
	host := v.Host
	if host.THP != "always" { // what only this setting brings about
		host.THP = ""
	}
	parts := headline(&mem.Header{Host: host, Process: v.Process})
	if v.Up > 0 {
		parts = append(parts, "up"+glue+age(time.Duration(v.Up)))
	}
	res := "RES" + glue + size(v.RES)
	if before != nil {
		moved := tenths(v.RES) - tenths(before.RES)
		res += "," + glue + cmp.Or(signed(moved), "unchanged") + glue + "in" + glue + span(v.Time.Sub(before.Time))
	}
	who := strings.Join(parts, between)
	gap := min(p.options.Width, widestHead) - width(who) - width(res)
	if gap < 2 {
		p.paragraph(toneHead, 0, append(parts, res)...)
		return
	}
	p.line(piece{toneHead, who + strings.Repeat(" ", gap) + res})
}

// age is a span that may be days.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day {
		return span(d)
	}
	hours := strconv.FormatInt(int64(d%day/time.Hour), 10)
	return strconv.FormatInt(int64(d/day), 10) + "d" + strings.Repeat("0", 2-len(hours)) + hours + "h"
}
