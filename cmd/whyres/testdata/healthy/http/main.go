// Command http is a fresh HTTP server at rest.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"net/http"
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
	go http.Serve(at, http.NotFoundHandler())
	answer, err := http.Get("http://" + at.Addr().String())
	if err != nil {
		panic(err)
	}
	answer.Body.Close()
	fmt.Println(`{"made": 0}`)
	io.Copy(ioutil.Discard, in)
}
