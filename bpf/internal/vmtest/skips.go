package main

import "slices"

// fullName names a test in all packages: "whyres/bpf TestA/sub".
func (t *test) fullName() string { return t.pkg + " " + t.name }

// whole reports whether the machine ran all that was planned.
func (r *result) whole() bool { return r.err == nil && r.console.done }

// skippedEverywhere lists the tests that were skipped on each kernel that ran them:
// nobody knows whether they hold. Kernels that did not run to the end do not count.
func skippedEverywhere(all []*result) []string {
	ran, skips := map[string]bool{}, map[string]bool{}
	for _, r := range all {
		if !r.whole() {
			continue
		}
		for _, t := range r.console.tests {
			if t.outcome == skipped {
				skips[t.fullName()] = true
			} else {
				ran[t.fullName()] = true
			}
		}
	}
	var out []string
	for name := range skips {
		if !ran[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// spansTheKernels reports whether all lines of the everyday run are among those asked
// for, and ran whole. With fewer, a skip everywhere may be as it should be: there is
// nothing to attach to functions on 5.10 alone.
func spansTheKernels(all []*result) bool {
	for _, line := range everydayLines() {
		if !slices.ContainsFunc(all, func(r *result) bool { return r.line == line && r.whole() }) {
			return false
		}
	}
	return true
}
