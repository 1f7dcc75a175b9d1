package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os/signal"
	"syscall"
)

// The exit codes of whyres that a server can have.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Run is the whole command: args without the program's name, help on stdout,
// the log and errors on stderr. It serves until ctx ends or SIGINT or SIGTERM
// comes and returns the exit code: 0 done, 1 failed, 2 wrong usage.
// Connections still open are closed by the exit of the process.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	chosen, err := parseArgs(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(stdout, help)
		return exitDone
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "server: %v (server --help shows the usage)\n", err)
		return exitUsage
	}
	if err := run(ctx, chosen, log.New(stderr, "", log.LstdFlags)); err != nil {
		_, _ = fmt.Fprintf(stderr, "server: %v\n", err)
		return exitFailed
	}
	return exitDone
}

func run(ctx context.Context, chosen settings, logger *log.Logger) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	listener, err := listen(ctx, chosen.addr)
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		_ = listener.Close() // ends Accept
	}()

	raiseOpenFiles()
	wait := heedOrders(ctx, logger)
	logger.Printf("listening on %s", listener.Addr())
	accepting := acceptor{census: newCensus(chosen.every, logger), log: logger}
	err = accepting.serve(ctx, listener)
	stop()
	wait()
	if err != nil {
		return fmt.Errorf("cannot go on accepting on %s: %w", listener.Addr(), err)
	}
	logger.Printf("stopped with %d clients connected, %d accepts failed", accepting.census.clients(), accepting.failed)
	return nil
}
