// Command file-mappings maps a file of 64 MiB and reads all of it. With "pread" it
// reads the file instead.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const size = 64 << 20

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	f := create()
	if len(os.Args) > 1 && os.Args[1] == "pread" {
		if _, err := io.Copy(ioutil.Discard, io.NewSectionReader(f, 0, size)); err != nil {
			panic(err)
		}
		fmt.Printf("{\"made\": %d}\n", size)
	} else {
		data, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
		if err != nil {
			panic(err)
		}
		sum := 0
		for at := 0; at < len(data); at += 4096 {
			sum += int(data[at])
		}
		if sum != 0 {
			panic("the file is not as it was written")
		}
		fmt.Printf("{\"made\": %d}\n", resident(f.Name()))
	}
	io.Copy(ioutil.Discard, in)
}

// create makes a file that goes with the process: not in /tmp, which may be in
// memory.
func create() *os.File {
	f, err := ioutil.TempFile("/var/tmp", "culprit")
	if err != nil {
		panic(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		panic(err)
	}
	if _, err := f.Write(make([]byte, size)); err != nil {
		panic(err)
	}
	return f
}

// resident is what smaps counts of the file.
func resident(name string) (bytes int) {
	text, err := ioutil.ReadFile("/proc/self/smaps")
	if err != nil {
		panic(err)
	}
	isFile := false
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			isFile = strings.Contains(line, name)
		case isFile && len(fields) == 3 && fields[0] == "Rss:":
			kib, err := strconv.Atoi(fields[1])
			if err != nil {
				panic(err)
			}
			bytes += kib << 10
		}
	}
	return bytes
}
