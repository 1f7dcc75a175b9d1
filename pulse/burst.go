package pulse

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// burster makes one pulse.
type burster struct {
	target  string // address and port
	dials   int    // dials in flight at most
	linger  time.Duration
	sources func(pulse) []netip.Addr
}

// burst opens the pulse's connections, holds all of them for the linger from
// the moment the last is open, finds those that were lost, and closes all. With
// nothing to hold it does not linger; when ctx ends it closes at once. stage hears how far it is.
func (b burster) burst(ctx context.Context, p pulse, stage *stage) outcome {
	result := newOutcome()
	start := time.Now()
	conns := b.dialAll(ctx, p, &result, stage)
	result.dialling = time.Since(start)
	result.connected = len(conns)

	stage.enter(holding)
	start = time.Now()
	if len(conns) > 0 {
		sleep(ctx, b.linger)
	}
	result.held = time.Since(start)
	result.interrupted = ctx.Err() != nil

	stage.enter(closing)
	// All are looked at before the first is closed: a peer that reacts to
	// closing must not look like one that dropped connections early.
	for _, conn := range conns {
		if why := lossOf(conn); why != "" {
			result.lost[why]++
		}
	}
	for _, conn := range conns {
		_ = conn.Close() // nothing was written, nothing can fail to be sent
	}
	return result
}

// dialAll dials with a bounded number of workers and returns what is open.
func (b burster) dialAll(ctx context.Context, p pulse, result *outcome, stage *stage) []net.Conn {
	from := dialers(b.sources(p))
	conns := make([]net.Conn, 0, p.conns)
	var (
		mu      sync.Mutex // guards conns and result.failed
		next    atomic.Int64
		workers sync.WaitGroup
	)
	for range min(b.dials, p.conns) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= p.conns {
					return
				}
				conn, err := from[i%len(from)].DialContext(ctx, "tcp", b.target)
				if isInterrupt(ctx, err) {
					return
				}
				mu.Lock()
				if err != nil {
					result.failed[reasonOf(err)]++
				} else {
					conns = append(conns, conn)
				}
				mu.Unlock()
				stage.dialled(err == nil)
			}
		})
	}
	workers.Wait()
	return conns
}

// sleep waits for d; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
