// Command khugepaged-refill gives memory back but for one block in each 2 MiB,
// and waits until khugepaged has filled it again. "advise" marks the memory
// MADV_HUGEPAGE before, which is what makes khugepaged look at it where
// transparent huge pages are not always on; "leave" does not, and waits as long.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

const (
	huge         = 2 << 20
	block        = 64 << 10
	total        = 32 << 20
	madvHugepage = 14
)

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	var all [][]byte
	for i := 0; i < total/block; i++ {
		b := make([]byte, block)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		all = append(all, b)
	}
	dropped := map[uintptr][]uintptr{} // by the huge page that they lie in
	var kept []uintptr
	for _, b := range all {
		at := uintptr(unsafe.Pointer(&b[0]))
		page := at - at%huge
		if _, seen := dropped[page]; !seen {
			keep, kept, dropped[page] = append(keep, b), append(kept, page), []uintptr{}
		} else if at+block <= page+huge {
			dropped[page] = append(dropped[page], at)
		}
	}
	all = nil
	debug.FreeOSMemory()
	wait := 15 * time.Second
	if os.Args[1] == "advise" {
		wait = 3 * time.Minute
		for _, at := range kept {
			if _, _, e := syscall.Syscall(syscall.SYS_MADVISE, at, huge, madvHugepage); e != 0 {
				fmt.Println("MADV_HUGEPAGE:", e)
				return
			}
		}
	}
	want, got := 0, -1
	for _, at := range kept {
		want += len(dropped[at]) * block
	}
	for until := time.Now().Add(wait); got != want && time.Now().Before(until); time.Sleep(time.Second) {
		got = 0
		for _, blocks := range dropped {
			for _, at := range blocks {
				got += resident(at)
			}
		}
	}
	fmt.Printf("{\"made\": %d}\n", got)
	io.Copy(ioutil.Discard, in)
}

// resident is how much of a block is.
func resident(at uintptr) (bytes int) {
	var pages [block / 4096]byte
	if _, _, e := syscall.Syscall(syscall.SYS_MINCORE, at, block, uintptr(unsafe.Pointer(&pages[0]))); e != 0 {
		return 0
	}
	for _, p := range pages {
		bytes += int(p&1) * 4096
	}
	return bytes
}
