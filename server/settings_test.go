package server

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestWrongUsageIsOneLineAndExit2(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string // part of the line
	}{
		{"no such flag", []string{"-speed", "3"}, "-speed"},
		{"not a number", []string{"-every", "many"}, `"many"`},
		{"every 0", []string{"-every", "0"}, "-every 0: must be 1 or more"},
		{"every negative", []string{"-every=-5"}, "-every -5"},
		{"no port", []string{"-addr", "localhost"}, "want HOST:PORT"},
		{"no such port", []string{"-addr", ":99999"}, `-addr ":99999"`},
		{"a stray word", []string{"start"}, `"start"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := Run(context.Background(), test.args, &stdout, &stderr); code != exitUsage {
				t.Errorf("exit %d, want 2", code)
			}
			text := stderr.String()
			if strings.Count(text, "\n") != 1 || !strings.Contains(text, test.want) {
				t.Errorf("stderr %q, want one line with %q", text, test.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout %q, want nothing", stdout.String())
			}
		})
	}
}

func TestHelpIsAResult(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := Run(context.Background(), []string{"--help"}, &stdout, &stderr); code != exitDone {
		t.Errorf("exit %d, want 0", code)
	}
	for _, want := range []string{"-addr", ":3033", "-every", "500", "SIGUSR1", "SIGUSR2", "Examples:", "pulse -big=10000 -bs=30"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("help lacks %q", want)
		}
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr %q, want nothing", stderr.String())
	}
}

func TestDefaults(t *testing.T) {
	got, err := parseArgs(nil)
	if err != nil || got != (settings{addr: ":3033", every: 500}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
