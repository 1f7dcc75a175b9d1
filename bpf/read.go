package bpf

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cilium/ebpf/ringbuf"

	"whyres/collector/mem"
)

// Read waits for records, at most until the deadline, and appends what came to
// frames: no more than fit its capacity, or all that is there by the deadline.
// Drained tells which: true means that whatever was written before the call
// has been read. ErrClosed follows Close.
func (t *Tracer) Read(frames []mem.Frame, deadline time.Time) (out []mem.Frame, drained bool, err error) {
	t.ring.SetDeadline(deadline)
	for len(frames) < cap(frames) {
		err := t.ring.ReadInto(&t.scratch)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, ringbuf.ErrFlushed):
			return frames, true, nil
		case errors.Is(err, ringbuf.ErrClosed):
			return frames, true, ErrClosed
		case err != nil:
			return frames, false, fmt.Errorf("read the ring buffer: %w", err)
		}
		frame, err := t.decode.decode(t.scratch.RawSample)
		if err != nil {
			return frames, false, err
		}
		frames = append(frames, frame)
	}
	return frames, false, nil
}

// Lost says how many records were dropped since Open, on which CPU and why:
// "ring full": the reader was too slow; "table full": too many threads or
// processes at once.
func (t *Tracer) Lost() (mem.Lost, error) {
	lost := mem.Lost{Reasons: map[string]uint64{}}
	for reason, words := range []string{"ring full", "table full"} {
		var perCPU []uint64
		if err := t.coll.Maps[kernelMapLosses].Lookup(uint32(reason), &perCPU); err != nil {
			return lost, fmt.Errorf("read the counts of lost events: %w", err)
		}
		if lost.PerCPU == nil {
			lost.PerCPU = make([]uint64, len(perCPU))
		}
		for cpu, n := range perCPU {
			lost.PerCPU[cpu] += n
			add(&lost, words, n)
		}
	}
	var err error
	lost.Skipped, err = t.skipped()
	return lost, err
}

func add(lost *mem.Lost, reason string, n uint64) {
	if n > 0 {
		lost.Total += n
		lost.Reasons[reason] += n
	}
}

func (t *Tracer) skipped() (uint64, error) {
	var n uint64
	for name, p := range t.coll.Programs {
		stats, err := p.Stats()
		if err != nil {
			return 0, fmt.Errorf("read how often %s was skipped: %w", name, err)
		}
		n += stats.RecursionMisses
	}
	return n, nil
}
