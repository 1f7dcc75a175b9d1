// Package server is the experiment's TCP server, the target of whyres: it
// accepts connections, keeps one goroutine and a 256-byte buffer for each,
// answers with what it is sent until the peer leaves, and logs what
// runtime.ReadMemStats says of the heap whenever the number of clients reaches a
// multiple of 500. To a client that sends nothing it sends nothing.
//
// What it holds is what is being measured, so it holds as little as it can: it
// imports the standard library only, nothing of whyres, and keeps no list of
// its connections. It is written in the Go of 1.16: the experiment is also made
// with older runtimes, which build it from Source.
//
// When it is stopped it closes its listener and returns; the kernel closes the
// connections with the process. Whoever calls Run elsewhere than at the end of a
// main has to know that the goroutine of a client lives until that client leaves.
package server
