package timeline

import "whyres/collector/mem"

// row is one line of the timeline before it is laid out.
type row struct {
	at, zero mem.Instant
	// columns: cur and prev are set. Rows of other processes and of whyres
	// itself have no columns.
	columns   bool
	cur, prev state

	sign sign
	word string
	tone tone
	// text is what happened, in clauses.
	text []clause
	// program that runs from here on, where the columns must change for it.
	program *mem.Process
	// stack of a single call, the innermost function first.
	stack []string
}

// sign says at a glance what a row is; it never says it alone.
type sign int

const (
	signDot sign = iota
	signUp
	signDown
	signLazy
	signGC
	signBack
	signTrouble
	signProcess
	signEnd
	signUnseen
	signWait
	signHeld
	signMissed
)

// tone is a row's colour by its meaning.
type tone int

const (
	tonePlain tone = iota
	toneDim
	toneGrow
	toneReturn
	toneGC
	toneBack
	toneTrouble
	toneProcess
	toneHead
)
