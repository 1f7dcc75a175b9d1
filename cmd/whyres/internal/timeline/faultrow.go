package timeline

import "whyres/collector/mem"

// faultRow tells of RES that moved without a call, unless a row between has
// shown it already.
func (g *grouper) faultRow(b *burst, r row) (row, bool) {
	to := b.st
	to.unsure = max(to.unsure, g.now.unsure) // calls may have come to light since
	d, limit := driftOf(&g.shown, &to), threshold(g.shown.res())
	rest := d.certain()
	text, back := g.cameBack(b.st)
	back = back && abs(d.own) < limit // more came and went than is back
	switch {
	case b.nested:
		return r, false
	case abs(rest) >= limit, back && rest >= 64*kib:
	case d.byCalls(limit) && d.moved < 0 == b.key.down:
		return byCallsRow(d, r), true
	default:
		return r, false
	}
	if rest < 0 != b.key.down {
		return r, false
	}
	switch {
	case rest < 0:
		r.sign, r.word, r.tone = signDown, "fell", toneReturn
		if d.moved > -limit {
			r.word = "left"
		}
		r.text = g.fellBy(b.st.rss.Sub(g.shown.rss), d)
	case back:
		r.sign, r.word, r.tone = signBack, "back", toneBack
		r.text = []clause{say(text)}
	default:
		r.sign, r.word, r.tone = signUp, "grew", toneGrow
		text = "faulted in, "
		if abs(d.own) >= limit {
			text = "faulted in" + glue + amount(d.rest()) + ", "
		}
		if d.moved < limit {
			r.word, text = "faulted", amount(d.rest())+glue+"came in, "
		}
		r.text = []clause{say(text + g.noCall())}
	}
	if abs(d.own) >= limit {
		r.text = append(r.text, say(callsDid(d.own)))
	}
	return r, true
}

// byCallsRow tells of RES that moved by calls whose rows have not shown it.
func byCallsRow(d drift, r row) row {
	r.sign, r.word, r.tone = signUp, "grew", toneGrow
	if d.moved < 0 {
		r.sign, r.word, r.tone = signDown, "fell", toneReturn
	}
	r.text = []clause{say(callsDid(d.own)), {full: "those above, or small ones without a row"}}
	return r
}

// callsDid says what the target's own calls did to RES.
func callsDid(own int64) string {
	if own < 0 {
		return "calls took" + glue + amount(-own)
	}
	return "calls brought" + glue + amount(own)
}

// noCall says so, where it is known.
func (g *grouper) noCall() string {
	switch {
	case !g.sees:
		return "calls are not traced"
	case g.lostAt > g.calm:
		return "no call seen, but events were lost"
	}
	return "no call"
}

// fellBy says which part of RES fell beside what the calls took, which is
// anonymous memory nearly always, and where it went as far as that is known:
// the kernel takes file pages by itself, but anonymous ones only into swap.
func (g *grouper) fellBy(d mem.RSS, by drift) []clause {
	d.Anon -= by.own
	if d.Swap > 0 && d.Swap >= -d.Total()-threshold(g.shown.res()) {
		return []clause{say("swapped out " + size(min(d.Swap, -d.Total())))}
	}
	part, ofFiles := "all kinds a little", true
	switch least := min(d.Anon, d.File, d.Shmem); {
	case least > d.Total()/2:
		ofFiles = -d.Anon < threshold(g.shown.res())
	case least == d.Anon:
		part, ofFiles = "anonymous"+glue+amount(d.Anon), false
	case least == d.File:
		part = "file pages" + glue + amount(d.File)
	default:
		part = "shared memory" + glue + amount(d.Shmem)
	}
	who := g.noCall()
	switch {
	case who != "no call":
	case ofFiles:
		who = "no call of the process: the kernel took it"
	default:
		who = "without a call that was seen"
	}
	out := []clause{say(who), say(part)}
	if d.Swap >= threshold(g.shown.res()) {
		out = append(out, say("swapped out "+size(d.Swap)))
	}
	return out
}

// cameBack tells whether the growth is memory that had been returned: exactly
// where its ranges were looked at, else by the runtime's own counter.
func (g *grouper) cameBack(st state) (string, bool) {
	if g.shown.returned.known && st.returned.known {
		if back := st.returned.resident - g.shown.returned.resident; back >= 64*kib {
			return size(back) + " of what was returned is in RES again", true
		}
		if st.returned != g.shown.returned {
			return "", false
		}
	}
	taken := g.shown.heap.released - st.heap.released
	if taken > g.totals.left || !g.shown.heap.known || taken < backWorth {
		return "", false
	}
	return "the heap took " + size(taken) + " of its released memory again", true
}
