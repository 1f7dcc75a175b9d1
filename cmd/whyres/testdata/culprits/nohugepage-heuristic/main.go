// Command nohugepage-heuristic gives back every second object of 2 MiB, and puts
// one of about half the size into each hole, of which it touches one byte. Go up
// to 1.20 has marked the holes for huge pages; "advise" does so by itself.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime/debug"
	"syscall"
	"unsafe"
)

const (
	huge         = 2 << 20
	half         = 1<<20 + 8<<10
	holes        = 64
	madvHugepage = 14
)

// Objects with pointers would be zeroed, and so touched.
var (
	pad   [][]byte
	keep  [][]byte
	small [][]byte
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	debug.SetGCPercent(-1) // the holes are to be there all at once
	objects := aligned(2 * holes)
	var drop []uintptr
	for i := range objects {
		if i%2 == 0 {
			drop = append(drop, address(objects[i]))
		} else {
			keep = append(keep, objects[i])
		}
	}
	objects = nil
	debug.FreeOSMemory()
	if os.Args[1] == "advise" {
		for _, at := range drop {
			if _, _, e := syscall.Syscall(syscall.SYS_MADVISE, at, huge, madvHugepage); e != 0 {
				fmt.Println("MADV_HUGEPAGE:", e)
				return
			}
		}
	}
	made := 0
	for range drop {
		b := make([]byte, half)
		b[0] = 1
		small = append(small, b)
	}
	for _, at := range drop {
		made += resident(at+half, huge-half)
	}
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}

// aligned makes n objects of 2 MiB, each of which is a huge page's place.
func aligned(n int) (objects [][]byte) {
	for len(objects) < n {
		b := make([]byte, huge)
		if off := address(b) % huge; off != 0 {
			// Fill up to the next place and what else is free, and try again.
			pad = append(pad, b, make([]byte, huge-off))
			continue
		}
		objects = append(objects, b)
	}
	return objects
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

func resident(at, length uintptr) (bytes int) {
	pages := make([]byte, length/4096)
	if _, _, e := syscall.Syscall(syscall.SYS_MINCORE, at, length, uintptr(unsafe.Pointer(&pages[0]))); e != 0 {
		return 0
	}
	for _, p := range pages {
		bytes += int(p&1) * 4096
	}
	return bytes
}
