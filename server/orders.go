package server

import (
	"context"
	"log"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

// heedOrders starts to take the two orders that experiments give from outside:
// SIGUSR1 runs a garbage collection, SIGUSR2 gives all free memory back. It
// returns once the signals are caught, so that none can kill the process any
// more; the function it returns waits until the last order is done, after ctx
// has ended.
func heedOrders(ctx context.Context, logger *log.Logger) (wait func()) {
	orders := make(chan os.Signal, 1)
	signal.Notify(orders, syscall.SIGUSR1, syscall.SIGUSR2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer signal.Stop(orders)
		for {
			select {
			case <-ctx.Done():
				return
			case order := <-orders:
				carryOut(order, logger)
			}
		}
	}()
	return func() { <-done }
}

func carryOut(order os.Signal, logger *log.Logger) {
	start := time.Now()
	switch order {
	case syscall.SIGUSR1:
		runtime.GC()
		logger.Printf("SIGUSR1: runtime.GC done in %v", time.Since(start))
	case syscall.SIGUSR2:
		debug.FreeOSMemory()
		logger.Printf("SIGUSR2: debug.FreeOSMemory done in %v", time.Since(start))
	}
}
