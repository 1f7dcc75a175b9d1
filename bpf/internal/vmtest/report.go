package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// result is what one kernel said.
type result struct {
	line    string // as asked for
	took    time.Duration
	console console
	err     error  // the machine did not run, or not to its end
	log     string // of what the guest printed; "" if there was no power-on
	output  string // folder of what its tests left; "" if nothing came
	files   int    // in it
}

// trouble says in words why the kernel did not pass; nothing if it did.
func (r *result) trouble() []string {
	switch {
	case r.err == nil:
		return r.console.trouble()
	case r.log == "":
		return []string{r.err.Error()}
	}
	return append([]string{r.err.Error()}, r.console.trouble()...)
}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "FAILED"
}

// ran is how many tests and subtests began and were not skipped.
func (r *result) ran() int {
	return len(r.console.tests) - r.console.count(skipped)
}

// inShort is one line, for whoever waits.
func (r *result) inShort() string {
	return fmt.Sprintf("%s %s: %d tests in %.0f s", r.line, verdict(len(r.trouble()) == 0), r.ran(), r.took.Seconds())
}

// report prints what there is to say of all kernels; the error says whether it is
// success.
func report(stdout, stderr io.Writer, all []*result, packages []string) error {
	writeTrouble(stderr, all)
	if err := writeTable(stdout, all); err != nil {
		return err
	}
	writeOmissions(stdout, packages)
	untested := skippedEverywhere(all)
	for _, name := range untested {
		_, _ = fmt.Fprintf(stdout, "skipped on every kernel: %s\n", name)
	}
	writeCounts(stdout, all)
	for _, r := range all {
		if len(r.trouble()) > 0 {
			return errFailed
		}
	}
	if len(untested) > 0 && spansTheKernels(all) {
		return errSkipped
	}
	return nil
}

// writeTable prints one row a kernel. tabwriter keeps what is written: its
// Flush has the error.
func writeTable(w io.Writer, all []*result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "kernel\trelease\tseconds\tpassed\tfailed\tskipped\tverdict")
	for _, r := range all {
		release := printable(r.console.kernel)
		if release == "" {
			release = "(did not report)"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%.1f\t%d\t%d\t%d\t%s\n", r.line, release, r.took.Seconds(),
			r.console.count(passed), r.console.count(failed)+r.console.count(unfinished),
			r.console.count(skipped), verdict(len(r.trouble()) == 0))
	}
	return t.Flush()
}

// writeCounts prints the last lines: what ran at all.
func writeCounts(w io.Writer, all []*result) {
	boots, passes := 0, 0
	var tests, left []string
	for _, r := range all {
		if r.console.kernel != "" {
			boots++
			tests = append(tests, fmt.Sprintf("%s %d", r.line, r.ran()))
		}
		if len(r.trouble()) == 0 {
			passes++
		}
		if r.files > 0 {
			left = append(left, r.output)
		}
	}
	if len(left) > 0 {
		_, _ = fmt.Fprintf(w, "what the tests left: %s\n", strings.Join(left, " "))
	}
	if tests == nil {
		tests = []string{"none"}
	}
	_, _ = fmt.Fprintf(w, "tests that ran: %s\n", strings.Join(tests, ", "))
	_, _ = fmt.Fprintf(w, "%d of %d kernels booted, %d passed\n", boots, len(all), passes)
}
