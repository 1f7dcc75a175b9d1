package pulse

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os/signal"
	"sync"
	"syscall"
)

// The exit codes of whyres that a load client can have.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Run is the whole command: args without the program's name, help and results
// on stdout, progress and errors on stderr. It ends with its plan, with ctx, or
// with SIGINT or SIGTERM, all connections closed, and returns the exit code: 0
// done or interrupted, 1 if anything failed or was lost, 2 wrong usage.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	chosen, err := parseArgs(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, help)
		return exitDone
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "pulse: %v (pulse --help shows the usage)\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills

	b, err := prepare(ctx, chosen)
	if err != nil && ctx.Err() == nil { // once interrupted, follow makes no pulse
		_, _ = fmt.Fprintf(stderr, "pulse: %v\n", err)
		return exitFailed
	}
	total := follow(ctx, chosen.plan, chosen.teller(stdout), func(p pulse) outcome {
		return watched(ctx, b, p, stderr)
	})
	if total.anyFailed() {
		return exitFailed
	}
	return exitDone
}

// prepare finds out, before a single dial, whether the plan can be done here.
func prepare(ctx context.Context, chosen settings) (burster, error) {
	biggest := chosen.plan.biggest()
	limit, err := fileLimit()
	if err != nil {
		return burster{}, err
	}
	open, err := openFiles()
	if err != nil {
		return burster{}, err
	}
	if err := checkFileLimit(limit, open, biggest); err != nil {
		return burster{}, err
	}
	ports, err := ephemeralPorts()
	if err != nil {
		return burster{}, err
	}
	target, err := resolve(ctx, chosen.host, chosen.port)
	if err != nil {
		return burster{}, err
	}
	if _, err := sourcesFor(target.Addr(), biggest, ports, 0); err != nil {
		return burster{}, err
	}
	return burster{
		target:  target.String(),
		dials:   chosen.dials,
		linger:  chosen.plan.linger,
		latency: chosen.latency,
		sources: func(p pulse) []netip.Addr {
			sources, _ := sourcesFor(target.Addr(), p.conns, ports, p.serial) // checked above for the biggest
			return sources
		},
	}, nil
}

// follow makes the plan's pulses one after the other with burst, tells of each
// and the totals, and returns the totals.
func follow(ctx context.Context, plan plan, tell teller, burst func(pulse) outcome) outcome {
	total, pulses := newOutcome(), 0
	for pause, p := range plan.pulses() {
		if !sleep(ctx, pause) {
			total.interrupted = true
			break
		}
		result := burst(p)
		pulses++
		tell.pulse(p, result)
		total.add(result)
		if result.interrupted {
			break
		}
	}
	tell.total(pulses, total)
	return total
}

// watched makes one pulse and tells its progress on stderr.
func watched(ctx context.Context, b burster, p pulse, stderr io.Writer) outcome {
	var (
		stage    stage
		progress sync.WaitGroup
	)
	watching, stop := context.WithCancel(ctx)
	progress.Go(func() { stage.tell(watching, stderr, p) })
	defer progress.Wait()
	defer stop()
	return b.burst(ctx, p, &stage)
}
