package pulse

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

const (
	// maxConns bounds a pulse: more than loopback addresses and files allow.
	maxConns = 2_000_000
	// maxSeconds bounds a pause: ten years, which a time.Duration holds.
	maxSeconds = 10 * 365 * 24 * 3600
	// maxDials bounds the workers.
	maxDials = 10_000
)

const help = `usage: pulse [flags]

Opens TCP connections in pulses: big ones first, then small ones for ever. A
pulse opens all its connections, holds all of them for -l seconds from the
moment the last one is open, and closes all of them. -bs and -ss are the time
from then, all closed, to the start of the next pulse: -bs follows each big
pulse, -ss each small one. So "-big=10000 -bs=30" is 10,000 connections, held
4 s, dropped, nothing for 30 s, three times; then 1,000 connections every 24 s.
To have them dropped after 30 seconds, say -l 30 too.

  -addr HOST:PORT   the server (default 127.0.0.1:3033)
  -big N            connections of a big pulse (default 4000; 0: no big pulses)
  -i N              number of big pulses (default 3; 0: no big pulses)
  -bs SECONDS       separation of big pulses (default 5)
  -small N          connections of a small pulse (default 1000; 0: no small pulses)
  -ss SECONDS       separation of small pulses (default 20)
  -rounds N         number of small pulses (default 0: for ever)
  -l SECONDS        how long connections linger before they are closed (default 4)
  -dials N          dials in flight at most (default 128)
  -latency          send a byte on each connection and wait for it to come back,
                    10 s at most: a connection is open only then
  -json             a JSON object a line on stdout instead of words

SECONDS may have a fraction. A line for each pulse and the totals go to stdout,
progress to stderr. Ctrl-C or SIGTERM closes all connections and prints the
totals. Exit code: 0 done or interrupted, 1 if a connection failed or was lost,
2 wrong usage.

With -latency a pulse's line says how long half of its connections (p50) and 99
of 100 (p99) took at most from the start of the dial to the answer. That has in
it what the server does for a new client, and the wait for its turn: with
-dials 1 there is none. The server has to send back what it gets.

With -json each pulse is an object with kind ("big", "small"), number, of (0: no
end), connections (to be opened), connected, start, open (the last dial has
ended) and end (all are closed), refused, failed (a number for each reason,
refused ones among them), lost, lost_because (a number for each reason) and
interrupted. With -latency also latencies (how many were measured) and, if any
were, latency_p50_ns, latency_p99_ns and latency_max_ns. Last comes
{"total":{..}}: pulses, and the sums of the above.

To a loopback IPv4 address the connections come from 127.0.0.2, 127.0.0.3, ...
in turn, because one source address has only about 28,000 ports. Pulses of more
connections than ulimit -n allows, here or at the server, need it raised.

Examples:
  server                             the other side, on :3033
  pulse -big=10000 -bs=30            the scenario that started it all
  pulse -i 1 -small 0                one big pulse, no small ones
  pulse -big 0 -rounds 10 -ss 1      ten small pulses, a second apart
  pulse -big 100000 -l 30 -small 0   with ulimit -n 100100 for both sides
  pulse -i 1 -rounds 3 -latency      how long clients wait to be served
`

// settings are what the command line chose.
type settings struct {
	plan    plan
	host    string
	port    uint16
	dials   int
	latency bool
	json    bool
}

// teller is how the pulses are told of on stdout.
func (s settings) teller(stdout io.Writer) teller {
	if s.json {
		return objects{stdout}
	}
	return lines{stdout}
}

// parseArgs reads the command line. It returns flag.ErrHelp if help was asked
// for; any other error is wrong usage, in one line.
func parseArgs(args []string) (settings, error) {
	var (
		s    settings
		addr string
	)
	flags := flag.NewFlagSet("pulse", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // Run prints the error, once
	flags.StringVar(&addr, "addr", "127.0.0.1:3033", "")
	flags.IntVar(&s.plan.big, "big", 4000, "")
	flags.IntVar(&s.plan.bigPulses, "i", 3, "")
	flags.IntVar(&s.plan.small, "small", 1000, "")
	flags.IntVar(&s.plan.smallPulses, "rounds", 0, "")
	flags.IntVar(&s.dials, "dials", 128, "")
	flags.BoolVar(&s.latency, "latency", false, "")
	flags.BoolVar(&s.json, "json", false, "")
	bigGap := flags.Float64("bs", 5, "")
	smallGap := flags.Float64("ss", 20, "")
	linger := flags.Float64("l", 4, "")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	var addrErr error
	s.host, s.port, addrErr = splitAddr(addr)
	return s, firstOf(
		addrErr,
		inRange("-big", s.plan.big, 0, maxConns),
		inRange("-i", s.plan.bigPulses, 0, maxConns),
		inRange("-small", s.plan.small, 0, maxConns),
		inRange("-rounds", s.plan.smallPulses, 0, maxConns),
		inRange("-dials", s.dials, 1, maxDials),
		pause("-bs", *bigGap, &s.plan.bigGap),
		pause("-ss", *smallGap, &s.plan.smallGap),
		pause("-l", *linger, &s.plan.linger),
		notEmpty(s.plan),
	)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func inRange(name string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("%s %d: want %d to %d", name, n, least, most)
	}
	return nil
}

// pause turns seconds into *d. The comparison is so written that NaN fails it.
func pause(name string, seconds float64, d *time.Duration) error {
	if !(seconds >= 0 && seconds <= maxSeconds) {
		return fmt.Errorf("%s %v: want 0 to %d seconds", name, seconds, maxSeconds)
	}
	*d = time.Duration(seconds * float64(time.Second))
	return nil
}

func notEmpty(p plan) error {
	if p.hasBig() || p.hasSmall() {
		return nil
	}
	return errors.New("no pulses to make: no big ones (-big, -i) and no small ones (-small)")
}
