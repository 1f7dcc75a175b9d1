// Command vmtest runs Go tests as root inside virtual machines that boot real
// Linux kernels, so that what whyres reads from the kernel is known to be right
// on each of them:
//
//	go run ./bpf/internal/vmtest -kernels 5.10,6.1,7.3 -- ./bpf ./bpf/internal/vmtest/product
//
// Kernels are Debian's cloud kernels, the newest of each line, fetched once
// into a cache by an apt that is kept apart from the machine's own. The machine
// is emulated: no KVM, no root and no network inside. Its whole system is
// one static Go program (package guest) and the test binaries.
//
// It may import the protocol and the standard library. cpio.go, console.go and
// line.go are pure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"whyres/bpf/internal/vmtest/programs"
)

// errFailed: a kernel did not pass. The report has been printed.
var errFailed = errors.New("not every kernel passed")

// errSkipped: all passed, but nobody knows of some tests. The report names them.
var errSkipped = errors.New("tests were skipped on every kernel")

// errUsage: the command line is wrong.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "vmtest: interrupted")
		os.Exit(1)
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "vmtest:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "vmtest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if err := findEmulator(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "vmtest")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.MkdirAll(s.cache, 0o750); err != nil {
		return err
	}
	lock, err := lockCache(s.cache)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	log := &lineWriter{to: stderr}
	f := &fleet{settings: s, log: log, images: &images{dir: s.cache, update: s.update, log: log}}
	g, err := f.build(ctx, work)
	if err != nil {
		return err
	}
	results, err := f.bootAll(ctx)
	if err != nil {
		return err
	}
	return report(stdout, stderr, results, g.packages())
}

// build makes the guests' system below work.
func (f *fleet) build(ctx context.Context, work string) (guestSystem, error) {
	_, _ = fmt.Fprintln(f.log, "building the tests and what they run")
	b := &builder{dir: work, stderr: f.log}
	g := guestSystem{args: f.testArgs(), programs: filepath.Join(work, "programs")}
	var err error
	if g.tools, err = f.images.tools(ctx); err != nil {
		return g, err
	}
	if g.init, err = b.guest(ctx); err != nil {
		return g, err
	}
	if g.tests, err = b.tests(ctx, f.patterns); err != nil {
		return g, err
	}
	if err = os.Mkdir(g.programs, 0o755); err != nil {
		return g, err
	}
	if err = programs.Build(ctx, g.programs); err != nil {
		return g, err
	}
	f.initramfs = filepath.Join(work, "initramfs.cpio")
	return g, g.write(f.initramfs)
}
