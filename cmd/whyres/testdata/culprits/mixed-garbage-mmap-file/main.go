// Command mixed-garbage-mmap-file drops objects with GOGC off, maps memory beside
// Go's heap, and maps a file and reads it.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
)

const size = 40 << 20

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	runtime.GC()
	debug.SetGCPercent(-1)
	fd := file()
	for i := 0; i < size>>20; i++ {
		keep = append(keep, written(make([]byte, 1<<20)))
	}
	keep = nil
	data, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	written(data)
	if data, err = syscall.Mmap(fd, 0, size, syscall.PROT_READ, syscall.MAP_SHARED); err != nil {
		panic(err)
	}
	read(data)
	say(map[string]int{"gogc-off": size, "offheap-mmap": size, "file-mappings": size})
	io.Copy(ioutil.Discard, in)
}

func written(data []byte) []byte {
	for at := 0; at < len(data); at += 4096 {
		data[at] = 1
	}
	return data
}

func read(data []byte) {
	sum := 0
	for at := 0; at < len(data); at += 4096 {
		sum += int(data[at])
	}
	if sum != 0 {
		panic("the file is not as it was written")
	}
}

// file makes one that goes with the process, in pieces that leave no garbage
// of its size: not in /tmp, which may be in memory.
func file() int {
	f, err := ioutil.TempFile("/var/tmp", "culprit")
	if err != nil {
		panic(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		panic(err)
	}
	piece := make([]byte, 64<<10)
	for i := 0; i < size/len(piece); i++ {
		if _, err := f.Write(piece); err != nil {
			panic(err)
		}
	}
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		panic(err)
	}
	return fd
}

func say(parts map[string]int) {
	total := 0
	for _, bytes := range parts {
		total += bytes
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"made": total, "parts": parts})
}
