// Command offheap-mmap maps 64 MiB beside Go's heap and writes to all of it. With
// "unmap" it unmaps them.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"syscall"
)

const made = 64 << 20

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	data, err := syscall.Mmap(-1, 0, made, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for at := 0; at < len(data); at += 4096 {
		data[at] = 1
	}
	if len(os.Args) > 1 && os.Args[1] == "unmap" {
		if err := syscall.Munmap(data); err != nil {
			panic(err)
		}
	}
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}
