// Command partial-huge-page maps 64 MiB, "advise" in huge pages, "leave" in
// small ones, and gives back all but the first 4 KiB of each 2 MiB.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	huge         = 2 << 20
	total        = 64 << 20
	kept         = 4096
	madvDontneed = 4
	madvHugepage = 14
	madvNone     = 15
)

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	all, err := syscall.Mmap(-1, 0, total+huge, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		fmt.Println(err)
		return
	}
	start := int(-uintptr(unsafe.Pointer(&all[0])) % huge)
	memory := all[start : start+total]
	advice := madvNone
	if os.Args[1] == "advise" {
		advice = madvHugepage
	}
	if err := syscall.Madvise(memory, advice); err != nil {
		fmt.Println(err)
		return
	}
	for at := 0; at < total; at += 4096 {
		memory[at] = 1
	}
	time.Sleep(2 * time.Second) // a trace looks at it meanwhile
	for at := 0; at < total; at += huge {
		if err := syscall.Madvise(memory[at+kept:at+huge], madvDontneed); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("{\"made\": %d}\n", total-total/huge*kept)
	io.Copy(ioutil.Discard, in)
}
