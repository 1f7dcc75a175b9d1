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
	kept := map[uintptr]bool{} // huge pages of which a block is kept
	first := uintptr(unsafe.Pointer(&all[0][0]))
	for _, b := range all {
		at := uintptr(unsafe.Pointer(&b[0]))
		page := at - at%huge
		// The heap's first pages hold what is not this program's doing.
		if at+block <= page+huge && page > first+huge && !kept[page] {
			keep, kept[page] = append(keep, b), true
		}
	}
	all = nil
	debug.FreeOSMemory()
	wait := 15 * time.Second
	if os.Args[1] == "advise" {
		wait = 3 * time.Minute
		for at := range kept {
			if _, _, e := syscall.Syscall(syscall.SYS_MADVISE, at, huge, madvHugepage); e != 0 {
				fmt.Println("MADV_HUGEPAGE:", e)
				return
			}
		}
	}
	want, got := len(kept)*(huge-block), -1
	for until := time.Now().Add(wait); got != want && time.Now().Before(until); time.Sleep(time.Second) {
		got = 0
		for at := range kept {
			got += resident(at) - block
		}
	}
	fmt.Printf("{\"made\": %d}\n", got)
	io.Copy(ioutil.Discard, in)
}

// resident is how much of a huge page's place is.
func resident(at uintptr) (bytes int) {
	var pages [huge / 4096]byte
	if _, _, e := syscall.Syscall(syscall.SYS_MINCORE, at, huge, uintptr(unsafe.Pointer(&pages[0]))); e != 0 {
		return 0
	}
	for _, p := range pages {
		bytes += int(p&1) * 4096
	}
	return bytes
}
