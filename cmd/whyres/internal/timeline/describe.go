package timeline

import (
	"strconv"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// describe makes the burst's row; false where there is nothing to tell.
func (g *grouper) describe(b *burst) (row, bool) {
	r := row{at: b.start, zero: g.zero, columns: !b.child && !b.nested && !b.hidden, cur: b.st, prev: g.shown}
	switch b.key.kind {
	case kindCall:
		r = g.callRow(b, r)
	case kindFault:
		return g.faultRow(b, r)
	case kindGC:
		r = gcRow(b, r)
	case kindCollapse:
		r.sign, r.word, r.tone = signBack, "refilled", toneBack
		r.text = []clause{{
			full:  "khugepaged collapsed small pages into huge ones" + times(b.n),
			short: "khugepaged collapsed" + times(b.n),
		}}
	case kindLost:
		r.sign, r.word, r.tone = signTrouble, "lost", toneTrouble
		r.text = []clause{say(plural(b.lost, "event") + b.why.reasons())}
	case kindChildren:
		r = childrenRow(b, r)
	case kindNote:
		r.word, r.tone, r.text = "note", toneDim, []clause{say(b.note)}
	case kindForecast:
		r = forecastRow(b.saying, r)
	case kindStart:
		r.word, r.tone, r.text = "start", toneDim, []clause{say(b.note)}
	case kindEnd:
		return processRow(b, r), !g.exited
	default:
		g.exited = g.exited || b.key.kind == kindExit && !b.child
		r = processRow(b, r)
	}
	if b.key.pid != 0 {
		r.text = append(r.text, say("process"+glue+strconv.Itoa(b.key.pid)))
	}
	return r, true
}

// reasons are the tally in brackets: " (ring full)".
func (t *tally) reasons() string {
	text := ""
	for i, name := range t.names {
		if name == "" {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += clean(name, 60)
		if len(t.names) > 1 {
			text += glue + "×" + ledger.Count(t.counts[i])
		}
	}
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func gcRow(b *burst, r row) row {
	r.sign, r.tone = signGC, toneGC
	r.word = "GC " + strconv.FormatUint(uint64(b.first), 10)
	if b.to != b.first {
		r.word += "–" + strconv.FormatUint(uint64(b.to), 10)
	}
	back := clause{short: amount(b.since.left) + " returned"}
	if b.settled && r.cur.heap.known {
		back.short = size(r.cur.heap.idle) + " idle, " + back.short
	}
	back.full = back.short
	if b.since.num != 0 {
		back.full += " since GC" + glue + strconv.FormatUint(uint64(b.since.num), 10)
	}
	r.text = []clause{say(b.gcWhy()), back}
	return r
}

// gcWhy says why GCs ran, with counts where there are several reasons.
func (b *burst) gcWhy() string {
	if len(b.why.names) == 1 {
		return whyGC(b.why.names[0])
	}
	text := ""
	for i, name := range b.why.names {
		if text != "" {
			text += ", "
		}
		text += whyGC(name) + glue + "×" + ledger.Count(b.why.counts[i])
	}
	return text
}

func whyGC(why string) string {
	switch why {
	case "heap goal":
		return "heap goal reached"
	case "2 min idle":
		return "forced after 2" + glue + "min idle"
	case "asked for":
		return "asked for by the program"
	case "", "unknown":
		return "reason unknown"
	}
	return clean(why, 60)
}

// processRow tells of forks, execs and ends.
func processRow(b *burst, r row) row {
	m := &b.mark
	r.sign, r.tone = signProcess, toneProcess
	switch b.key.kind {
	case kindFork:
		r.word = "forked"
		r.text = []clause{say(forkText(b))}
	case kindExec:
		r.word, r.program = "exec", b.program
		r.text = []clause{say(clean(m.Comm, 40))}
		if m.Why != "" {
			r.text = append(r.text, say("in place of "+clean(m.Why, 60)))
		}
	case kindExit:
		r.sign, r.word, r.text = signEnd, "exited", []clause{say(exitText(m))}
	default:
		r.sign, r.word, r.tone = signEnd, "end", toneDim
		r.text = []clause{say(clean(m.Why, 60))}
	}
	return r
}

func forkText(b *burst) string {
	if b.n > 1 {
		return ledger.Count(uint64(b.n)) + glue + "children, the last is " + strconv.Itoa(b.mark.Child)
	}
	return "child" + glue + strconv.Itoa(b.mark.Child)
}

func exitText(m *mem.Mark) string {
	if m.Signal == 0 {
		return "code" + glue + strconv.Itoa(m.ExitCode)
	}
	return "killed by signal" + glue + strconv.Itoa(m.Signal) + signalName(m.Signal)
}

// signalName names the signals that end processes most, as Linux numbers them
// on every architecture that Go runs on but MIPS.
func signalName(n int) string {
	names := map[int]string{1: "HUP", 2: "INT", 3: "QUIT", 6: "ABRT", 9: "KILL", 11: "SEGV", 13: "PIPE", 15: "TERM"}
	if name := names[n]; name != "" {
		return " (SIG" + name + ")"
	}
	return ""
}
