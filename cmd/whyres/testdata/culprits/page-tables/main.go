// Command page-tables maps 32 GiB and reads one byte of every 2 MiB. A read of
// memory that was never written maps the kernel's page of zeros, which is in no
// RES; but each read needs a page of page table. With the argument "unmap" it
// unmaps all of it again.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"syscall"
)

// Each 2 MiB of address space has a page of table, of 4 KiB.
const (
	tables = 64 << 20
	table  = 4 << 10
	span   = 2 << 20
)

const noHugePage = 15 // MADV_NOHUGEPAGE: a huge page of zeros needs no table

var sum byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	b, err := syscall.Mmap(-1, 0, tables/table*span, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := syscall.Madvise(b, noHugePage); err != nil && err != syscall.EINVAL { // no huge pages at all
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for at := 0; at < len(b); at += span {
		sum += b[at]
	}
	if len(os.Args) > 1 {
		if err := syscall.Munmap(b); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Printf("{\"made\": %d}\n", tables)
	io.Copy(ioutil.Discard, in)
}
