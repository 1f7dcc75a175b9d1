package timeline

import (
	"strings"
	"time"

	"whyres/collector/mem"
)

// Sizes, in bytes, from which calls are worth a row.
const (
	worthMoved  = 64 * kib  // RES changed by a release
	worthChange = 256 * kib // RES changed by another call
	worthMapped = mib       // asked for
)

// longTime is how long a burst lasts before its row says how long.
const longTime = 100 * time.Millisecond

// worth reports whether a burst of calls gets a row.
func (b *burst) worth() bool {
	switch b.key.class {
	case className:
		// Naming mappings moves no memory, and most kernels refuse it.
		return false
	case classRefused, classUnseen:
		return b.key.call != mem.PrctlSetVMA
	case classNothing:
		return true
	case classRelease, classLazy:
		return b.asked >= worthAsked || abs(b.left) >= worthMoved
	}
	return b.asked >= worthMapped || abs(b.left) >= worthChange
}

// callRow tells what a burst of calls did.
func (g *grouper) callRow(b *burst, r row) row {
	switch b.key.class {
	case classRefused:
		r = g.refusedRow(b, r)
	case classUnseen:
		r = unseenRow(b, r)
	case classRelease:
		r = releaseRow(b, r)
	case classNothing:
		r.sign, r.word, r.tone = signTrouble, "nothing", toneTrouble
		r.text = []clause{b.what(": asked" + glue + size(clampInt(b.asked)) + ", left" + glue + "RES" + glue + "0")}
	case classLazy:
		r = lazyRow(b, r)
	case classUnmap:
		r = unmapRow(b, r)
	default:
		r = mapRow(b, r)
	}
	r.text = append(r.text, b.by())
	if r.columns && g.besides(b) {
		r.text = append(r.text, say("change with the overlapping rows"))
	}
	if b.key.serial != 0 {
		r.text = append(r.text, say("at"+glue+b.addr.String()), say(span(b.dur)))
		r.stack = b.stack
	}
	return r
}

func releaseRow(b *burst, r row) row {
	r.sign, r.word, r.tone = signDown, "returned", toneReturn
	effect := leftRES(b.left)
	switch {
	case b.unmeasured == b.n:
		r.word, effect = "released", "effect on RES not measured"
	case b.unmeasured > 0:
		effect += " and what " + plural(uint64(b.unmeasured), "call") + " not measured brought"
	case b.left == 0:
		r.sign, r.word, r.tone = signTrouble, "nothing", toneTrouble
	case b.left < 0:
		r.sign, r.word, r.tone = signTrouble, "raised", toneTrouble
		effect = "brought" + glue + amount(-b.left) + " into" + glue + "RES"
	}
	r.text = []clause{b.what(": asked" + glue + amount(clampInt(b.asked)) + ", " + effect)}
	return r
}

// lazyRow tells of MADV_FREE: the pages count in RES until the kernel needs
// them.
func lazyRow(b *burst, r row) row {
	r.sign, r.word, r.tone = signLazy, "offered", toneReturn
	r.text = []clause{
		b.what(": " + usize(b.asked) + ", lazily"),
		{full: "still in RES until the kernel needs it", short: "in RES until needed"},
	}
	if b.left >= worthMoved {
		r.text = append(r.text, say(leftRES(b.left)))
	}
	return r
}

func unmapRow(b *burst, r row) row {
	r.word = "unmapped"
	if b.left >= worthMoved {
		r.sign, r.tone = signDown, toneReturn
	}
	r.text = []clause{b.what(": " + usize(b.asked) + ", " + leftRES(b.left))}
	return r
}

func leftRES(bytes int64) string { return "left" + glue + "RES" + glue + amount(bytes) }

// mapRow tells of calls that map memory, move it or advise on it: whether RES
// grew with them is what the columns say.
func mapRow(b *burst, r row) row {
	r.word = mapWord(b.key.class)
	switch grown := r.cur.res() - r.prev.res(); {
	case b.left >= worthMoved:
		r.sign, r.tone = signDown, toneReturn
	case -b.left >= worthMoved, r.columns && r.prev.resKnown && grown >= threshold(r.prev.res()):
		r.sign, r.word, r.tone = signUp, "grew", toneGrow
	}
	r.text = []clause{b.what(b.mapped())}
	switch {
	case b.left >= worthMoved:
		r.text = append(r.text, say(leftRES(b.left)))
	case -b.left >= worthMoved:
		r.text = append(r.text, say("brought"+glue+amount(-b.left)+" into"+glue+"RES"))
	}
	return r
}

func mapWord(c class) string {
	switch c {
	case classMove:
		return "moved"
	case classBrk:
		return "brk"
	case classAdvise:
		return "advised"
	case className:
		return "named"
	}
	return "mapped"
}

// mapped is how much was mapped, and how much of it without access.
func (b *burst) mapped() string {
	rest := b.asked - b.reserved
	switch {
	case b.key.class == classBrk:
		return ""
	case b.reserved == 0 && b.key.class == classMapFile:
		return ": " + usize(rest) + " of files"
	case b.reserved == 0:
		return ": " + usize(rest)
	case rest == 0:
		return ": " + usize(b.reserved) + " reserved"
	}
	return ": " + usize(b.reserved) + " reserved, " + amount(clampInt(rest)) + " mapped"
}

// what names the calls and says what is to be said of them: "madvise DONTNEED
// ×161: ...". The advice alone is short for madvise.
func (b *burst) what(rest string) clause {
	call := clean(string(b.key.call), 24)
	rest = times(b.n) + rest
	if b.key.advice == "" {
		return say(call + rest)
	}
	advice := clean(strings.TrimPrefix(b.key.advice, "MADV_"), 24)
	c := say(call + " " + advice + rest)
	if b.key.call == mem.Madvise {
		c.short = advice + rest
	}
	return c
}

// by says who did it, and how long it took.
func (b *burst) by() clause {
	full, short := whoWords(b.key.who)
	if b.key.caller != "" {
		name := clean(b.key.caller, 48)
		if b.key.who != mem.WhoUser {
			name = full + " " + name
		}
		full, short = name, name
	}
	if took := b.last.Sub(b.start); took >= longTime && b.n > 1 {
		full += ", " + span(took)
	}
	return clause{full: full, short: short}
}

// whoWords name a class of callers, in full and shortly.
func whoWords(who mem.Who) (full, short string) {
	switch who {
	case mem.WhoBackground:
		return "background scavenger", "background"
	case mem.WhoGrowth:
		return "heap growth", "heap growth"
	case mem.WhoLimit:
		return "memory limit", "memory limit"
	case mem.WhoForced:
		return "FreeOSMemory", "FreeOSMemory"
	case mem.WhoStack:
		return "goroutine stacks", "stacks"
	case mem.WhoRuntime:
		return "Go runtime", "runtime"
	case mem.WhoCgo:
		return "cgo", "cgo"
	case mem.WhoUser:
		return "the program's own code", "own code"
	case mem.WhoUnknown, "":
		return "caller unknown", "caller unknown"
	}
	name := clean(string(who), 24)
	return name, name
}
