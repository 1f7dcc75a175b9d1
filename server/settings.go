package server

import (
	"flag"
	"fmt"
	"io"
	"net"
)

const (
	defaultAddr  = ":3033"
	defaultEvery = 500
)

const help = `usage: server [-addr ADDRESS] [-every N]

Accepts TCP connections with a goroutine and a 256-byte buffer each, answers
what is sent with the same, and logs the heap's numbers (bytes, of
runtime.ReadMemStats) whenever the number of clients reaches a multiple of N. A
cycle ends when the last client has left.

  -addr ADDRESS   listen here (default :3033); with port 0 the kernel chooses,
                  and the first log line says which
  -every N        clients between two log lines (default 500)

Signals: SIGUSR1 runs a GC, SIGUSR2 calls debug.FreeOSMemory; SIGINT and
SIGTERM end the server.

Examples:
  server                             the load comes from: pulse -big=10000 -bs=30
  GOMEMLIMIT=24MiB server -addr 127.0.0.1:4000
  kill -USR2 $(pidof server)         give back what is free, now
`

// settings are what the command line chose.
type settings struct {
	addr  string
	every int
}

// parseArgs reads the command line. It returns flag.ErrHelp if help was asked
// for; any other error is wrong usage, in one line.
func parseArgs(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // Run prints the error, once
	flags.StringVar(&s.addr, "addr", defaultAddr, "")
	flags.IntVar(&s.every, "every", defaultEvery, "")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return s, s.check()
}

func (s settings) check() error {
	if s.every < 1 {
		return fmt.Errorf("-every %d: must be 1 or more", s.every)
	}
	if _, err := net.ResolveTCPAddr("tcp", portOnly(s.addr)); err != nil {
		return fmt.Errorf("-addr %q: want HOST:PORT or :PORT", s.addr)
	}
	return nil
}

// portOnly leaves the host out of addr: whether a host exists is for listen to
// find out, not a matter of usage.
func portOnly(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr // as wrong as it is
	}
	return ":" + port
}
