// Command pprof is a small server with net/http/pprof, which keeps a heap profile
// at the default rate. It had 20 MiB in objects of 1 KiB, and dropped them.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
)

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(at, nil)
	for i := 0; i < 20<<10; i++ {
		keep = append(keep, make([]byte, 1024))
	}
	keep = nil
	runtime.GC()
	runtime.GC()
	debug.FreeOSMemory()
	answer, err := http.Get("http://" + at.Addr().String() + "/debug/pprof/heap")
	if err != nil {
		panic(err)
	}
	if _, err := io.Copy(ioutil.Discard, answer.Body); err != nil {
		panic(err)
	}
	answer.Body.Close()
	fmt.Println(`{"made": 0}`)
	io.Copy(ioutil.Discard, in)
}
