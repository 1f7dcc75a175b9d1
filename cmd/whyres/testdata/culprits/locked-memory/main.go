// Command locked-memory calls mlockall with its first argument as flags (1
// MCL_CURRENT, 2 MCL_FUTURE, 4 MCL_ONFAULT), drops 128 MiB and has the runtime
// give them back.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
)

const made = 128 << 20

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	flags, err := strconv.Atoi(os.Args[1])
	if err == nil {
		err = syscall.Mlockall(flags)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	debug.FreeOSMemory()
	before := released()
	for i := 0; i < made>>20; i++ {
		b := make([]byte, 1<<20)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		keep = append(keep, b)
	}
	keep = nil
	debug.FreeOSMemory()
	fmt.Printf("{\"made\": %d}\n", released()-before)
	io.Copy(ioutil.Discard, in)
}

// released counts what is locked from birth: under MCL_FUTURE all that is mapped
// is resident.
func released() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapReleased
}
