// Package pulse is the experiment's load client: big pulses of TCP connections,
// then small ones. A pulse opens its connections, holds all of them, drops all
// of them, and says what became of them.
//
// It keeps no goroutine a connection: a bounded number of workers dial, and a
// poll(2) of each socket before it is closed tells those that the peer dropped
// early. It imports golang.org/x/sys/unix beside the standard library, and
// nothing of whyres.
package pulse
