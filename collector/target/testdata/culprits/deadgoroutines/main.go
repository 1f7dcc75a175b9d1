// Command deadgoroutines starts 20,000 goroutines, lets them end, and collects
// no garbage.
package main

import (
	"runtime/debug"
	"sync"

	"whyres/collector/target/testdata/culprits/held"
)

func main() {
	debug.SetGCPercent(-1)
	held.Run(hold)
}

// A new goroutine's stack is of two KiB.
func hold() (map[string]int, error) {
	const n = 20_000
	var running, ended sync.WaitGroup
	running.Add(n)
	ended.Add(n)
	for range n {
		go func() {
			running.Done()
			running.Wait()
			ended.Done()
		}()
	}
	ended.Wait()
	return map[string]int{"stacks.dead": n * 2 << 10}, nil
}
