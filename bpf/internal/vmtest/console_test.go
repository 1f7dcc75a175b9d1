package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func read(text string) *console {
	c := &console{}
	for line := range strings.Lines(text) {
		c.line(line)
	}
	return c
}

// results are the tests in the form "name OUTCOME".
func (c *console) results() []string {
	var out []string
	for _, t := range c.tests {
		out = append(out, t.name+" "+string(t.outcome))
	}
	return out
}

const booted = "\nwhyres-vm: kernel 6.1.0-50-cloud-amd64\n\nwhyres-vm: run whyres/bpf\n"

func TestConsole(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		results    []string
		trouble    []string
	}{
		{
			"all well",
			booted + "\x16=== RUN   TestA\r\n\x16--- PASS: TestA (0.01s)\r\n\x16PASS\r\n\nwhyres-vm: exit 0\n\nwhyres-vm: done\n",
			[]string{"TestA PASS"},
			nil,
		},
		{
			"subtests",
			booted + "\x16=== RUN   TestA\n\x16=== RUN   TestA/one\n    a_test.go:7: bad\n\x16--- FAIL: TestA/one (0.00s)\n" +
				"\x16=== RUN   TestA/two\n\x16--- SKIP: TestA/two (0.00s)\n\x16=== NAME  TestA\n\x16--- FAIL: TestA (0.01s)\n" +
				"\x16FAIL\nwhyres-vm: exit 1\nwhyres-vm: done\n",
			[]string{"TestA FAIL", "TestA/one FAIL", "TestA/two SKIP"},
			[]string{"no test passed, so nothing was proved", "tests of whyres/bpf exited with 1", "2 tests failed"},
		},
		{
			"a line that follows text without an end, and text that looks like a line",
			booted + "\x16=== RUN   TestA\nprogress 50 %\x16--- PASS: TestA (0.01s)\n--- FAIL: TestB (0.00s)\nwhyres-vm: exit 0\nwhyres-vm: done\n",
			[]string{"TestA PASS"},
			nil,
		},
		{
			"killed by a signal",
			booted + "\x16=== RUN   TestA\n\x16--- PASS: TestA (0.01s)\n\x16=== RUN   TestB\nwhyres-vm: exit -1\nwhyres-vm: done\n",
			[]string{"TestA PASS", "TestB UNFINISHED"},
			[]string{"tests of whyres/bpf exited with -1", "1 tests did not end"},
		},
		{
			"the kernel panicked under the second test",
			booted + "\x16=== RUN   TestA\n\x16--- PASS: TestA (0.01s)\n\x16=== RUN   TestB\n",
			[]string{"TestA PASS", "TestB UNFINISHED"},
			[]string{"the kernel stopped before all tests were run", "1 tests did not end"},
		},
		{
			"the second package was never reached",
			booted + "\x16=== RUN   TestA\n\x16--- PASS: TestA (0.01s)\nwhyres-vm: exit 0\n",
			[]string{"TestA PASS"},
			[]string{"the kernel stopped before all tests were run"},
		},
		{
			"the same name in two packages",
			booted + "\x16--- PASS: TestA (0.01s)\nwhyres-vm: exit 0\nwhyres-vm: run whyres/b\n\x16--- FAIL: TestA (0.01s)\nwhyres-vm: exit 1\nwhyres-vm: done\n",
			[]string{"TestA PASS", "TestA FAIL"},
			[]string{"tests of whyres/b exited with 1", "1 tests failed"},
		},
		{"everything was skipped", booted + "\x16--- SKIP: TestA (0.01s)\nwhyres-vm: exit 0\nwhyres-vm: done\n", []string{"TestA SKIP"}, []string{"no test passed, so nothing was proved"}},
		{"a torn exit code", booted + "\x16--- PASS: TestA (0.01s)\nwhyres-vm: exit \nwhyres-vm: done\n", []string{"TestA PASS"}, []string{"tests of whyres/bpf exited with -1"}},
		{"no power-on", "", nil, []string{"the kernel did not report"}},
		{"the guest gave up", "whyres-vm: broken mount tracefs: no such device\n", nil, []string{"the guest gave up: mount tracefs: no such device"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := read(tc.text)
			if got := c.results(); !slices.Equal(got, tc.results) {
				t.Errorf("tests %q, want %q", got, tc.results)
			}
			if got := c.trouble(); !slices.Equal(got, tc.trouble) {
				t.Errorf("trouble %q, want %q", got, tc.trouble)
			}
		})
	}
}

func TestOutputBelongsToItsTest(t *testing.T) {
	c := read(booted + "before\n\x16=== RUN   TestA\nof A\n\x16=== RUN   TestA/sub\nof sub\n\x16--- PASS: TestA/sub (0.00s)\n" +
		"\x16=== NAME  TestA\nof A again\n\x16--- PASS: TestA (0.00s)\n\x16=== NAME  \nafter\n")
	if got, want := c.tests[0].output.String(), "of A\nof A again\n"; got != want {
		t.Errorf("TestA's output is %q, want %q", got, want)
	}
	if got, want := c.tests[1].output.String(), "of sub\n"; got != want {
		t.Errorf("TestA/sub's output is %q, want %q", got, want)
	}
	if got, want := c.loose.String(), "before\nafter\n"; got != want {
		t.Errorf("output of no test is %q, want %q", got, want)
	}
	if c.kernel != "6.1.0-50-cloud-amd64" {
		t.Errorf("kernel %q", c.kernel)
	}
}

// Package testing itself is the oracle of its own format.
func TestConsoleReadsRealTests(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x\n",
		"x_test.go": `package x
import ("fmt"; "testing")
func TestPass(t *testing.T) { fmt.Print("no end of line") }
func TestFail(t *testing.T) { t.Run("a", func(t *testing.T) { t.Log("why") ; t.Fail() }); t.Run("b", func(t *testing.T) {}) }
func TestSkip(t *testing.T) { t.Skip("no") }
func TestSide1(t *testing.T) { t.Parallel(); t.Log("one") }
func TestSide2(t *testing.T) { t.Parallel(); t.Log("two") }
func TestZCrash(t *testing.T) { panic("boom") }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := settings{}
	cmd := exec.Command("go", append([]string{"test", "-vet=off", "-exec", "env", ".", "-args"}, s.testArgs()[0])...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the tests passed:\n%s", out)
	}
	c := read(string(out))
	want := []string{
		"TestPass PASS", "TestFail FAIL", "TestFail/a FAIL", "TestFail/b PASS", "TestSkip SKIP",
		"TestSide1 UNFINISHED", "TestSide2 UNFINISHED", "TestZCrash FAIL",
	}
	if got := c.results(); !slices.Equal(got, want) {
		t.Errorf("tests %q, want %q, of\n%s", got, want, out)
	}
	if got := c.test("TestZCrash").output.String(); !strings.Contains(got, "boom") {
		t.Errorf("the crash is not with its test, which has %q", got)
	}
}

func FuzzConsole(f *testing.F) {
	f.Add(booted + "\x16=== RUN   TestA\nx\x16--- PASS: TestA (0.01s)\nwhyres-vm: exit 0\nwhyres-vm: done\n")
	f.Add("whyres-vm: \nwhyres-vm: exit 9999999999999999999\n\x16--- FAIL:  (s)\n\x16")
	f.Fuzz(func(t *testing.T, text string) {
		c := read(text)
		if n := c.count(passed) + c.count(failed) + c.count(skipped) + c.count(unfinished); n != len(c.tests) {
			t.Errorf("%d outcomes of %d tests", n, len(c.tests))
		}
		if len(c.trouble()) == 0 && (!c.done || c.kernel == "" || c.count(passed) == 0 || c.count(failed) > 0) {
			t.Errorf("success without its signs: %+v", c)
		}
		if c.loose.Len() > maxOutput {
			t.Errorf("%d bytes kept", c.loose.Len())
		}
	})
}
