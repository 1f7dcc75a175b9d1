package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"whyres/bpf/internal/vmtest/protocol"
)

// outcome of a test as -test.v prints it; unfinished is ours.
type outcome string

const (
	passed     outcome = "PASS"
	failed     outcome = "FAIL"
	skipped    outcome = "SKIP"
	unfinished outcome = "UNFINISHED" // started, and never heard of again
)

// Bounds of what is kept. The log file has all of it.
const (
	maxOutput = 256 << 10 // bytes of one test's output
	maxTests  = 1 << 16
)

// test is one test or subtest.
type test struct {
	pkg, name string
	outcome   outcome
	output    strings.Builder
}

// exit is how the tests of a package ended.
type exit struct {
	pkg  string
	code int
}

// console understands the lines of a guest. It is pure. The zero value is
// ready.
type console struct {
	kernel string // release, as the guest said
	broken string // why the guest gave up
	done   bool   // the guest ran all that was planned
	exits  []exit
	tests  []*test

	pkg     string
	byName  map[string]*test // of the package running
	current *test            // that output belongs to; nil between tests
	loose   strings.Builder  // output of no test: a crash, mostly
}

// mark is what package testing writes before each line of its own when asked
// for -test.v=test2json: so what a test prints is not mistaken for it, nor is a
// line missed that follows text without an end.
const mark = "\x16"

var (
	// "=== RUN   TestX/sub", and what test it goes on with
	startLine = regexp.MustCompile(`^=== (RUN|CONT|NAME|PAUSE)\s*(\S*)$`)
	// "--- PASS: TestX/sub (0.01s)"
	endLine = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (\S+) \([0-9.]+s\)$`)
)

// line takes the next line of output, with or without its end.
func (c *console) line(s string) {
	s = strings.TrimRight(s, "\r\n")
	if own, ok := strings.CutPrefix(s, protocol.Prefix); ok {
		c.own(own)
		return
	}
	text, framed, ok := strings.Cut(s, mark)
	c.text(text)
	if ok {
		c.framed(framed)
	}
}

// framed takes a line of package testing.
func (c *console) framed(s string) {
	if m := startLine.FindStringSubmatch(s); m != nil {
		c.current = nil
		if m[2] != "" && m[1] != "PAUSE" {
			c.current = c.test(m[2])
		}
	} else if m := endLine.FindStringSubmatch(s); m != nil {
		c.current = c.test(m[2])
		c.current.outcome = outcome(m[1])
	}
	// Else the package's verdict, PASS or FAIL: its exit code says the same.
}

// own takes a line of the guest itself.
func (c *console) own(s string) {
	verb, rest, _ := strings.Cut(s, " ")
	switch verb + " " {
	case protocol.Kernel:
		c.kernel = rest
	case protocol.Run:
		c.pkg, c.current, c.byName = rest, nil, nil
	case protocol.Exit:
		code, err := strconv.Atoi(rest)
		if err != nil {
			code = -1 // a torn line: surely not success
		}
		c.exits = append(c.exits, exit{c.pkg, code})
		c.current = nil
	case protocol.Broken:
		c.broken = rest
	case protocol.Done + " ":
		c.done = true
	}
}

// test finds or makes the record of a test of the running package.
func (c *console) test(name string) *test {
	if t, ok := c.byName[name]; ok {
		return t
	}
	t := &test{pkg: c.pkg, name: name, outcome: unfinished}
	if c.byName == nil {
		c.byName = map[string]*test{}
	}
	if len(c.tests) < maxTests {
		c.byName[name] = t
		c.tests = append(c.tests, t)
	}
	return t
}

func (c *console) text(s string) {
	into := &c.loose
	if c.current != nil {
		into = &c.current.output
	}
	if s != "" && into.Len()+len(s) < maxOutput {
		into.WriteString(s)
		into.WriteByte('\n')
	}
}

// count is how many tests and subtests ended this way.
func (c *console) count(o outcome) int {
	n := 0
	for _, t := range c.tests {
		if t.outcome == o {
			n++
		}
	}
	return n
}

// trouble says in words why this is no success; nothing if it is one. Success
// needs the guest's word that all was run: silence is failure.
func (c *console) trouble() []string {
	var out []string
	switch {
	case c.broken != "":
		out = append(out, "the guest gave up: "+c.broken)
	case c.kernel == "":
		out = append(out, "the kernel did not report")
	case !c.done:
		out = append(out, "the kernel stopped before all tests were run")
	case c.count(passed) == 0:
		out = append(out, "no test passed, so nothing was proved")
	}
	for _, e := range c.exits {
		if e.code != 0 {
			out = append(out, fmt.Sprintf("tests of %s exited with %d", e.pkg, e.code))
		}
	}
	if n := c.count(failed); n > 0 {
		out = append(out, fmt.Sprintf("%d tests failed", n))
	}
	if n := c.count(unfinished); n > 0 {
		out = append(out, fmt.Sprintf("%d tests did not end", n))
	}
	return out
}
