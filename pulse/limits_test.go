package pulse

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckFileLimit(t *testing.T) {
	tests := []struct {
		name        string
		limit       uint64
		open, conns int
		want        string // part of the error
	}{
		{"fits exactly", 1024, 16, 1000, ""},
		{"one too many", 1024, 16, 1001, "the limit is 1024, which allows pulses of 1000 connections; for 1001 raise it to at least 1025 (ulimit -n 1025"},
		{"room for none", 10, 16, 1, "allows pulses of 0 connections"},
		{"no limit", ^uint64(0), 16, 2_000_000, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := checkFileLimit(test.limit, test.open, test.conns)
			if test.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			if !errors.Is(err, errFileLimit) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestParsePortRange(t *testing.T) {
	if got, err := parsePortRange("32768\t60999\n"); err != nil || got != 28_232 {
		t.Errorf("got %d, %v, want 28232", got, err)
	}
	for _, text := range []string{"", "32768", "a b", "0 5", "60999 32768", "1 65536"} {
		if got, err := parsePortRange(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func FuzzParsePortRange(f *testing.F) {
	f.Add("32768\t60999\n")
	f.Add("-1 99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parsePortRange(text); err == nil && (n < 1 || n > 65535) {
			t.Errorf("%q: %d ports", text, n)
		}
	})
}
