package pulse

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Progress is told first after firstProgress, then at twice the time each, but
// at least once every longestProgress: a long hold does not fill the screen.
const (
	firstProgress   = 2 * time.Second
	longestProgress = time.Minute
)

// phase is what a pulse is doing.
type phase int32

const (
	connecting phase = iota
	holding
	closing
)

// stage is how far a pulse is; it is written by the workers and read by the
// progress.
type stage struct {
	phase          atomic.Int32
	opened, missed atomic.Int64
}

func (s *stage) enter(p phase) { s.phase.Store(int32(p)) }

// dialled counts one dial that has ended.
func (s *stage) dialled(ok bool) {
	if ok {
		s.opened.Add(1)
	} else {
		s.missed.Add(1)
	}
}

// line says where pulse p is after the time since its start.
func (s *stage) line(p pulse, since time.Duration) string {
	opened, missed := s.opened.Load(), s.missed.Load()
	doing := fmt.Sprintf("%d of %d connected, %d failed", opened, p.conns, missed)
	switch phase(s.phase.Load()) {
	case connecting:
	case holding:
		doing = fmt.Sprintf("holding %d connections", opened)
	case closing:
		doing = fmt.Sprintf("closing %d connections", opened)
	}
	return fmt.Sprintf("%s: %s, %.0f s so far", p.name(), doing, since.Seconds())
}

// tell writes the stage's line to w at growing intervals until ctx ends.
func (s *stage) tell(ctx context.Context, w io.Writer, p pulse) {
	start := time.Now()
	for wait := firstProgress; sleep(ctx, wait); wait = min(2*wait, longestProgress) {
		_, _ = fmt.Fprintln(w, s.line(p, time.Since(start)))
	}
}
