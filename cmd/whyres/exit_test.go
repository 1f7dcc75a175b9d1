package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"whyres/bpf"
	"whyres/collector"
	"whyres/collector/kernel"
)

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("something"), 1},
		{usage("wrong"), 2},
		{fmt.Errorf("load: %w", bpf.ErrPrivilege), 3},
		{fmt.Errorf("load: %w", bpf.ErrUnsupported), 3},
		{fmt.Errorf("read: %w", kernel.ErrNoPermission), 3},
		{errors.Join(errors.New("a"), fmt.Errorf("b: %w", collector.ErrGone)), 4},
		{context.Canceled, 0},
	} {
		if got := exitCode(tt.err); got != tt.code {
			t.Errorf("%v: exit %d, want %d", tt.err, got, tt.code)
		}
	}
}

func TestOneLine(t *testing.T) {
	twice := errors.New("disk full")
	err := errors.Join(twice, nil, errors.New("name \x1b[31m\u009b1m"), twice)
	if got, want := oneLine(err), `disk full; name \x1b[31m\u009b1m`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUTF8Locale(t *testing.T) {
	for _, tt := range []struct {
		set  map[string]string
		want bool
	}{
		{nil, true},
		{map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{map[string]string{"LANG": "C"}, false},
		{map[string]string{"LANG": "C.UTF-8"}, true},
		{map[string]string{"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, false},
		{map[string]string{"LC_ALL": "en_US.utf8", "LANG": "C"}, true},
	} {
		if got := utf8Locale(func(name string) string { return tt.set[name] }); got != tt.want {
			t.Errorf("%v: %v", tt.set, got)
		}
	}
}

// Help is the result of asking for it, so it goes to standard output.
func TestHelpAndCompletion(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"trace", "--help"}, {"replay", "--help"}, {"explain", "--help"}, {"--version"}, {"completion", "bash"}, {"completion", "zsh"}, {"completion", "fish"}} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), args, nil, &out, &errs); code != 0 || out.Len() < 8 || errs.Len() != 0 {
			t.Errorf("%q: exit %d, %d bytes of output, errors %q", args, code, out.Len(), errs.String())
		}
	}
}
