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
	latency bool // wait for an answer on each connection
	sources func(pulse) []netip.Addr
}

// burst opens the pulse's connections, holds all of them for the linger from
// the moment the last is open, finds those that were lost, and closes all. With
// nothing to hold it does not linger; when ctx ends it closes at once. stage hears how far it is.
func (b burster) burst(ctx context.Context, p pulse, stage *stage) outcome {
	result := newOutcome()
	result.conns = p.conns
	result.start = time.Now()
	conns := b.dialAll(ctx, p, &result, stage)
	result.open = time.Now()
	result.connected = len(conns)

	stage.enter(holding)
	if len(conns) > 0 {
		sleep(ctx, b.linger)
	}
	result.held = time.Since(result.open)
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
		_ = conn.Close() // what was written has been answered, nothing can fail to be sent
	}
	result.end = time.Now()
	return result
}

// dialAll dials with a bounded number of workers and returns what is open.
func (b burster) dialAll(ctx context.Context, p pulse, result *outcome, stage *stage) []net.Conn {
	from := dialers(b.sources(p))
	conns := make([]net.Conn, 0, p.conns)
	latencies := make([]time.Duration, 0, p.conns)
	var (
		mu      sync.Mutex // guards conns, latencies and result.failed
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
				conn, latency, err := b.open(ctx, from[i%len(from)])
				if isInterrupt(ctx, err) {
					return
				}
				mu.Lock()
				if err != nil {
					result.failed[reasonOf(err)]++
				} else {
					conns = append(conns, conn)
					latencies = append(latencies, latency)
				}
				mu.Unlock()
				stage.dialled(err == nil)
			}
		})
	}
	workers.Wait()
	if b.latency {
		result.served = servedIn(latencies)
	}
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
