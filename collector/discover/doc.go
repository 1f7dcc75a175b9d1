// Package discover finds the Go processes of the host, holds them open and looks
// at all of them at once, within a bounded time.
//
// It is an edge, beside collector/target, through which it looks at each
// process; it may import collector/kernel and collector/goruntime too. It owns
// its goroutines: none outlives a call. What could not be read is part of the
// answer: nothing is left out in silence.
package discover
