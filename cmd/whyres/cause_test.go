package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"whyres/collector/explain/causes"
)

// Each cause's page is printed, for people and for programs.
func TestCausePages(t *testing.T) {
	whyres := func(args ...string) ended {
		return execute(t, exec.Command(built().whyres, append([]string{"explain", "--cause"}, args...)...))
	}
	list := whyres("list")
	for _, c := range causes.All() {
		if !strings.Contains(list.out, c.ID+" ") {
			t.Errorf("the list lacks %s", c.ID)
		}
	}
	first := causes.All()[0]
	if got := whyres(first.ID); got.code != 0 || !strings.HasPrefix(got.out, first.ID+"\n") || !strings.Contains(got.out, "What to do") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.err)
	}
	object := lines(t, whyres(first.ID, "--json").out)[0]
	if object["id"] != first.ID || object["what"] != first.Page.What {
		t.Errorf("%v", object)
	}
	if got := len(lines(t, whyres("list", "--json").out)); got != len(causes.All()) {
		t.Errorf("%d causes as JSON, want %d", got, len(causes.All()))
	}
}

func TestCauseBadInput(t *testing.T) {
	for _, args := range [][]string{
		{"--cause", "no-such"},
		{"--cause", ""},
		{"--cause", "madv-free", "-p", "1"},
		{"--cause", "madv-free", "--watch", "2s"},
		{"--cause", "\x1b[31m"},
	} {
		got := execute(t, exec.Command(built().whyres, slices.Concat([]string{"explain"}, args)...))
		if got.code != 2 || got.out != "" || strings.Count(got.err, "\n") != 1 || strings.Contains(got.err, "\x1b") {
			t.Errorf("%q: exit %d, %q, %q", args, got.code, got.out, got.err)
		}
	}
}
