// Command pprof is a small HTTP server with net/http/pprof, of which some profiles
// are asked, and that then rests.
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
)

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
	for _, profile := range []string{"heap", "goroutine", "allocs"} {
		answer, err := http.Get("http://" + at.Addr().String() + "/debug/pprof/" + profile)
		if err != nil {
			panic(err)
		}
		io.Copy(ioutil.Discard, answer.Body)
		answer.Body.Close()
	}
	fmt.Println(`{"made": 0}`)
	io.Copy(ioutil.Discard, in)
}
