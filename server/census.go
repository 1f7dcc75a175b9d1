package server

import (
	"log"
	"runtime"
	"sync"
)

// census keeps the tally under a lock and logs its moments. The lock is held
// over the log line too: lines come out in the order of their counts.
type census struct {
	log *log.Logger

	mu    sync.Mutex
	tally tally
	// mem is kept here because its 6 KiB on the stack of a client's goroutine
	// would grow that stack: the experiment would measure its own logging.
	mem runtime.MemStats
}

func newCensus(every int, logger *log.Logger) *census {
	return &census{log: logger, tally: newTally(every)}
}

func (c *census) arrive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, report := c.tally.arrive(); report {
		c.report(now)
	}
}

func (c *census) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, report := c.tally.leave(); report {
		c.report(now)
	}
}

func (c *census) clients() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally.clients
}

// report reads the runtime's counters and logs them. The caller holds mu.
func (c *census) report(now moment) {
	runtime.ReadMemStats(&c.mem)
	logLine(c.log, now, &c.mem)
}

// logLine writes the experiment's log line; sizes are bytes.
func logLine(logger *log.Logger, now moment, mem *runtime.MemStats) {
	logger.Printf("Cycle #%3d: %5d clients | System: %8d Inuse: %8d Released: %8d Objects: %6d",
		now.cycle, now.clients, mem.HeapSys, mem.HeapInuse, mem.HeapReleased, mem.HeapObjects)
}
