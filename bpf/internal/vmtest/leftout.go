package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// omission is a test that is not run in the machines, and why.
type omission struct{ pkg, test, why string }

// omissions are all of them. Anything else that cannot run there is a failure.
func omissions() []omission {
	return []omission{
		{"whyres/bpf", "TestCostOfTheAllocatorForTheUnrelated", "a ratio of emulated instructions says nothing; the host's run measures it"},
		{"whyres/collector/kernel", "TestVisitorIsCalledBack", "it wants two CPUs, and emulated kernels lock up with two"},
		{"whyres/collector/discover", "TestTwoHundredProcesses", "it bounds the time of a look, which is thirty times as long when emulated"},
	}
}

// skipFlag is the -test.skip of a package; "" if there is nothing to leave out.
func skipFlag(pkg string) string {
	var names []string
	for _, o := range omissions() {
		if o.pkg == pkg {
			names = append(names, regexp.QuoteMeta(o.test))
		}
	}
	if names == nil {
		return ""
	}
	return "-test.skip=^(" + strings.Join(names, "|") + ")$"
}

// writeOmissions tells what was left out of the packages that ran.
func writeOmissions(w io.Writer, packages []string) {
	for _, o := range omissions() {
		if slices.Contains(packages, o.pkg) {
			_, _ = fmt.Fprintf(w, "left out everywhere: %s %s: %s\n", o.pkg, o.test, o.why)
		}
	}
}
