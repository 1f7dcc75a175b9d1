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

// writeTable prints one row a kernel. tabwriter keeps what is written: its
// Flush has the error.
func writeTable(w io.Writer, all []*result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "kernel\trelease\tseconds\tpassed\tfailed\tskipped\tverdict")
	for _, r := range all {
		release := r.console.kernel
		if release == "" {
			release = "(did not report)"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%.1f\t%d\t%d\t%d\t%s\n", r.line, release, r.took.Seconds(),
			r.console.count(passed), r.console.count(failed)+r.console.count(unfinished),
			r.console.count(skipped), verdict(len(r.trouble()) == 0))
	}
	return t.Flush()
}

// writeTrouble prints what a person needs to mend it.
func writeTrouble(w io.Writer, all []*result) {
	for _, r := range all {
		trouble := r.trouble()
		if len(trouble) == 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "\nkernel %s: %s\n", r.line, strings.Join(trouble, "; "))
		for _, t := range r.console.tests {
			if t.outcome == failed || t.outcome == unfinished {
				_, _ = fmt.Fprintf(w, "--- %s: %s %s\n%s", t.outcome, t.pkg, t.name, t.output.String())
			}
		}
		if loose := strings.TrimSpace(r.console.loose.String()); loose != "" {
			_, _ = fmt.Fprintf(w, "--- outside of tests\n%s\n", loose)
		}
		if r.log != "" {
			_, _ = fmt.Fprintf(w, "all of it: %s; the kernel's messages: %s\n", r.log, kernelLog(r.log))
		}
	}
}
