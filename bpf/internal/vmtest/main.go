// Command vmtest runs Go tests as root inside virtual machines that boot real
// Linux kernels, so that what whyres reads from the kernel is known to be right
// on each of them:
//
//	go run ./bpf/internal/vmtest -kernels 5.10,6.1,7.3 -- ./bpf
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
	"strings"
	"time"
)

// errFailed: a kernel did not pass. The report has been printed.
var errFailed = errors.New("not every kernel passed")

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

// settings are the command line.
type settings struct {
	lines    []string
	patterns []string
	machine  machine
	cache    string
	update   bool
	verbose  bool
	run      string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	f := flag.NewFlagSet("vmtest", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		_, _ = fmt.Fprint(stderr, "usage: vmtest [flags] -- PACKAGE...\nRuns the packages' tests as root on real kernels in QEMU. A kernel image of your own\nis used if it is in the cache folder as LINE_ANYTHING.vmlinuz.\n")
		f.PrintDefaults()
	}
	kernels := f.String("kernels", "5.10,6.1,6.12,6.18,7.3", "kernel `lines`, each the beginning of a version")
	f.StringVar(&s.cache, "cache", "", "`folder` for kernels and logs (default whyres/kernels in the user's cache folder)")
	f.BoolVar(&s.update, "update", false, "look for a newer version of kernels that are in the cache")
	f.BoolVar(&s.verbose, "v", false, "show all that the tests print")
	f.StringVar(&s.run, "run", "", "only tests that match the `regexp`, as go test's -run")
	f.DurationVar(&s.machine.timeout, "timeout", 15*time.Minute, "for each kernel, from power-on to the end")
	f.StringVar(&s.machine.accel, "accel", "tcg,thread=single", "QEMU's `accelerator`; kvm where it is usable")
	f.StringVar(&s.machine.smp, "smp", "1", "QEMU's `CPUs`; emulated kernels may lock up with more than one")
	f.StringVar(&s.machine.memory, "memory", "1G", "of a virtual machine, as a `size`")
	f.StringVar(&s.machine.append, "append", "", "more of the kernel's command line")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return s, err
		}
		return s, fmt.Errorf("%w: %w", errUsage, err)
	}
	s.patterns = f.Args()
	return s.whole(*kernels)
}

// whole checks the settings and fills in what was left to us.
func (s settings) whole(kernels string) (settings, error) {
	for line := range strings.SplitSeq(kernels, ",") {
		line = strings.TrimSpace(line)
		if !linePattern.MatchString(line) {
			return s, fmt.Errorf("%w: -kernels: %q is not the beginning of a kernel version like 6.12", errUsage, line)
		}
		s.lines = append(s.lines, line)
	}
	if len(s.patterns) == 0 {
		return s, fmt.Errorf("%w: name a package whose tests to run, such as ./bpf", errUsage)
	}
	if s.cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return s, fmt.Errorf("name a folder for kernels with -cache: %w", err)
		}
		s.cache = filepath.Join(dir, "whyres", "kernels")
	}
	return s, nil
}

// testArgs are the test binaries' arguments. They stop themselves, with a dump
// of their goroutines, before the machine is stopped.
func (s settings) testArgs() []string {
	args := []string{"-test.v=test2json", "-test.timeout=" + (s.machine.timeout * 3 / 4).String()}
	if s.run != "" {
		args = append(args, "-test.run="+s.run)
	}
	return args
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
	initramfs, err := buildInitramfs(ctx, s, work, stderr)
	if err != nil {
		return err
	}
	results, err := s.bootAll(ctx, initramfs, stderr)
	if err != nil {
		return err
	}
	writeTrouble(stderr, results)
	if err := writeTable(stdout, results); err != nil {
		return err
	}
	for _, r := range results {
		if len(r.trouble()) > 0 {
			return errFailed
		}
	}
	return nil
}

func buildInitramfs(ctx context.Context, s settings, work string, stderr io.Writer) (string, error) {
	b := &builder{dir: work, stderr: stderr}
	guest, err := b.guest(ctx)
	if err != nil {
		return "", err
	}
	tests, err := b.tests(ctx, s.patterns)
	if err != nil {
		return "", err
	}
	file := filepath.Join(work, "initramfs.cpio")
	return file, writeInitramfs(file, guest, tests, s.testArgs())
}

// bootAll boots one kernel after the other. A kernel that cannot be had is a
// result too; only being interrupted ends the whole.
func (s settings) bootAll(ctx context.Context, initramfs string, stderr io.Writer) ([]*result, error) {
	logs := filepath.Join(s.cache, "logs")
	if err := os.MkdirAll(logs, 0o750); err != nil {
		return nil, err
	}
	from := &images{dir: s.cache, update: s.update, log: stderr}
	var all []*result
	for _, line := range s.lines {
		r := &result{line: line}
		image, err := from.image(ctx, line)
		if err == nil {
			_, _ = fmt.Fprintf(stderr, "booting %s\n", filepath.Base(image))
			r.log = filepath.Join(logs, line+".log")
			err = s.bootOne(ctx, r, image, initramfs, stderr)
		}
		r.err = err
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		all = append(all, r)
	}
	return all, nil
}

// bootOne fills in the result.
func (s settings) bootOne(ctx context.Context, r *result, image, initramfs string, stderr io.Writer) error {
	log, err := os.Create(r.log)
	if err != nil {
		return err
	}
	began := time.Now()
	var logErr error
	err = s.machine.boot(ctx, image, initramfs, kernelLog(r.log), func(line string) {
		line = strings.TrimSuffix(line, "\r")
		shown := strings.ReplaceAll(line, mark, "")
		if _, err := fmt.Fprintln(log, shown); err != nil && logErr == nil {
			logErr = err
		}
		if s.verbose {
			_, _ = fmt.Fprintf(stderr, "[%s] %s\n", r.line, shown)
		}
		r.console.line(line)
	})
	r.took = time.Since(began)
	return errors.Join(err, logErr, log.Close())
}

// kernelLog is where the kernel's own messages of a log go.
func kernelLog(log string) string { return strings.TrimSuffix(log, ".log") + ".kernel.log" }
