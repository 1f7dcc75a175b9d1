// Command sleeper is the Go process that discover's tests look at. It allocates
// KEEP MiB and drops DROP MiB, collects if there was anything to drop, says what
// it knows of itself as a line of JSON, and sleeps until standard input ends.
package main

import (
	"encoding/json"
	"io"
	"os"
	"runtime"
	"strconv"
)

func main() {
	keep := blocks("KEEP")
	if dropped := blocks("DROP"); dropped != nil {
		runtime.GC()
	}
	var said runtime.MemStats
	runtime.ReadMemStats(&said)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]uint64{"HeapSys": said.HeapSys, "NumGC": uint64(said.NumGC)})
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(keep)
}

// blocks are as many touched MiB as the variable says.
func blocks(name string) (all [][]byte) {
	n, _ := strconv.Atoi(os.Getenv(name))
	for range n {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
	}
	return all
}
