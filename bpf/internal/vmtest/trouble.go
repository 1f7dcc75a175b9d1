package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// tailLines is how much of a console is shown of a kernel that did not end well.
const tailLines = 20

// writeTrouble prints what a person needs to mend it.
func writeTrouble(w io.Writer, all []*result) {
	for _, r := range all {
		trouble := r.trouble()
		if len(trouble) == 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "\nkernel %s: %s\n", r.line, printable(strings.Join(trouble, "; ")))
		for _, t := range r.console.tests {
			if t.outcome == failed || t.outcome == unfinished {
				_, _ = fmt.Fprintf(w, "--- %s: %s %s\n%s", t.outcome, t.pkg, printable(t.name), printable(t.output.String()))
			}
		}
		if loose := strings.TrimSpace(r.console.loose.String()); loose != "" {
			_, _ = fmt.Fprintf(w, "--- outside of tests\n%s\n", printable(loose))
		}
		if r.log != "" {
			writeConsole(w, r)
			_, _ = fmt.Fprintf(w, "all of it: %s; the kernel's messages: %s\n", r.log, kernelLog(r.log))
		}
	}
}

// writeConsole prints the end of what the kernel said, if it did not get to its end.
func writeConsole(w io.Writer, r *result) {
	if r.console.done {
		return
	}
	text, err := os.ReadFile(kernelLog(r.log))
	if err != nil || len(text) == 0 {
		_, _ = fmt.Fprintln(w, "--- the kernel said nothing")
		return
	}
	_, _ = fmt.Fprintf(w, "--- the end of the kernel's messages\n%s\n", printable(lastLines(string(text), tailLines)))
}

// lastLines is the end of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// printable leaves out what would command the terminal: a machine's console may
// print anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
}
