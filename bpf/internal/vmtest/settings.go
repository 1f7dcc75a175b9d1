package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// allLines are the kernels that whyres is known on; everydayLines those that stand
// for the rest where time is short: the oldest, each change of what whyres lives by,
// the newest.
func allLines() []string {
	return []string{"5.10", "6.1", "6.12", "6.16", "6.17", "6.18", "6.19", "7.0", "7.1", "7.2", "7.3"}
}

func everydayLines() []string { return []string{"5.10", "6.1", "6.12", "6.18", "7.3"} }

// settings are the command line.
type settings struct {
	lines    []string
	patterns []string
	machine  machine
	jobs     int
	cache    string
	update   bool
	verbose  bool
	run      string
}

const usageText = `usage: vmtest [flags] -- PACKAGE...
Runs the packages' tests as root on real kernels in QEMU. A kernel image of your own
is used if it is in the cache folder as LINE_ANYTHING.vmlinuz. What the tests leave
for people is in the cache folder's results/LINE.
`

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	f := flag.NewFlagSet("vmtest", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		_, _ = fmt.Fprint(stderr, usageText)
		f.PrintDefaults()
	}
	kernels := f.String("kernels", strings.Join(everydayLines(), ","), "kernel `lines`, each the beginning of a version, with commas or spaces between; all: "+strings.Join(allLines(), " "))
	f.IntVar(&s.jobs, "jobs", runtime.NumCPU(), "`machines` at a time")
	f.StringVar(&s.cache, "cache", "", "`folder` for kernels and logs (default whyres/kernels in the user's cache folder)")
	f.BoolVar(&s.update, "update", false, "look for a newer version of kernels that are in the cache")
	f.BoolVar(&s.verbose, "v", false, "show all that the tests print")
	f.StringVar(&s.run, "run", "", "only tests that match the `regexp`, as go test's -run")
	f.DurationVar(&s.machine.timeout, "timeout", 15*time.Minute, "for each kernel, from power-on to the end")
	f.DurationVar(&s.machine.quiet, "quiet", 3*time.Minute, "a kernel that says nothing for so long hangs")
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
	var err error
	if s.lines, err = parseLines(kernels); err != nil {
		return s, err
	}
	switch {
	case len(s.patterns) == 0:
		return s, fmt.Errorf("%w: name a package whose tests to run, such as ./bpf", errUsage)
	case s.jobs < 1:
		return s, fmt.Errorf("%w: -jobs %d: want 1 or more", errUsage, s.jobs)
	case s.machine.quiet <= 0 || s.machine.timeout <= 0:
		return s, fmt.Errorf("%w: -quiet and -timeout: want more than 0", errUsage)
	}
	if _, err := regexp.Compile(s.run); err != nil {
		return s, fmt.Errorf("%w: -run: %w", errUsage, err)
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

// parseLines reads a list of kernel lines, with commas or spaces between.
func parseLines(kernels string) ([]string, error) {
	if strings.TrimSpace(kernels) == "all" {
		return allLines(), nil
	}
	var lines []string
	for _, line := range strings.FieldsFunc(kernels, func(r rune) bool { return r == ',' || r == ' ' }) {
		switch {
		case !linePattern.MatchString(line):
			return nil, fmt.Errorf("%w: -kernels: %q is not the beginning of a kernel version like 6.12", errUsage, line)
		case slices.Contains(lines, line):
			return nil, fmt.Errorf("%w: -kernels: %s stands there twice", errUsage, line)
		}
		lines = append(lines, line)
	}
	if lines == nil {
		return nil, fmt.Errorf("%w: -kernels: none named", errUsage)
	}
	return lines, nil
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
