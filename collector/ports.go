package collector

import (
	"errors"
	"time"

	"whyres/collector/mem"
)

// ErrGone is what a Looker's error wraps when the process is no more.
var ErrGone = errors.New("the process is gone")

// EventSource is where calls and marks come from: the eBPF program.
type EventSource interface {
	// Read appends what happened to frames, no more than fit its capacity. It
	// returns at the deadline at the latest. Drained means that whatever was
	// written before Read was called has been read.
	Read(frames []mem.Frame, deadline time.Time) (out []mem.Frame, drained bool, err error)
	// Lost counts the events dropped since tracing began.
	Lost() (mem.Lost, error)
	// Detach ends the writing of events; what was written can still be read.
	Detach() error
}

// Order is what to look at.
type Order struct {
	// Full adds the mappings and the state of each page of the Go heap.
	Full bool
	// Sizes wants the objects by size class too, in a full look.
	Sizes bool
	// Released ranges, of which a full look counts what is resident.
	Released []mem.Range
}

// Looker takes samples of the process. It is called from one goroutine.
type Looker interface {
	// Look returns a sample and the marks (GCs) that were found since the last
	// one. The error wraps ErrGone when the process has ended.
	Look(Order) (mem.Sample, []mem.Mark, error)
	// Renew is called after the process has executed another program.
	Renew()
}

// Namer says who made a call. It is called from one goroutine, which need not
// be the Looker's.
type Namer interface {
	// Name fills in Stack and Who from PCs.
	Name(*mem.Event)
	// Mark tells of forks, execs and exits, which change what PCs mean. It
	// may fill in what the mark lacks (Comm).
	Mark(*mem.Mark)
	// Sample tells of the runtime's goals, which change what a stack means.
	Sample(*mem.Sample)
}

// Sink takes the frames, in order of time. It must not keep what a frame points
// to.
type Sink interface {
	Frame(mem.Frame) error
	// Flush is called every quarter of a second, and at the end.
	Flush() error
}
