package pulse

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	got, err := parseArgs(nil)
	want := settings{
		plan: plan{
			big: 4000, bigPulses: 3, small: 1000,
			bigGap: 5 * time.Second, smallGap: 20 * time.Second, linger: 4 * time.Second,
		},
		host: "127.0.0.1", port: 3033, dials: 128,
	}
	if err != nil || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestFlags(t *testing.T) {
	got, err := parseArgs(strings.Fields("-big=10000 -bs=30 -i 2 -small=7 -ss=0.5 -l=1.25 -rounds 9 -dials 3 -addr :4000 -latency -json"))
	want := settings{
		plan: plan{
			big: 10_000, bigPulses: 2, small: 7, smallPulses: 9,
			bigGap: 30 * time.Second, smallGap: 500 * time.Millisecond, linger: 1250 * time.Millisecond,
		},
		host: "127.0.0.1", port: 4000, dials: 3, latency: true, json: true,
	}
	if err != nil || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestWrongUsageIsOneLineAndExit2(t *testing.T) {
	tests := []struct{ args, want string }{
		{"-big -1", "-big -1: want 0 to"},
		{"-big 9999999", "-big 9999999: want 0 to"},
		{"-i -3", "-i -3"},
		{"-small -1", "-small -1"},
		{"-rounds -1", "-rounds -1"},
		{"-dials 0", "-dials 0: want 1 to"},
		{"-bs -0.5", "-bs -0.5: want 0 to"},
		{"-ss NaN", "-ss NaN"},
		{"-l +Inf", "-l +Inf"},
		{"-l soon", `"soon"`},
		{"-big 0 -small 0", "no pulses to make"},
		{"-i 0 -small 0", "no pulses to make"},
		{"-addr localhost", "want HOST:PORT"},
		{"-addr 127.0.0.1:0", `"0" is no port`},
		{"-addr 127.0.0.1:99999", `"99999" is no port`},
		{"-speed 3", "-speed"},
		{"now", `"now"`},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := Run(t.Context(), strings.Fields(test.args), &stdout, &stderr); code != exitUsage {
				t.Errorf("exit %d, want 2", code)
			}
			text := stderr.String()
			if strings.Count(text, "\n") != 1 || !strings.Contains(text, test.want) {
				t.Errorf("stderr %q, want one line with %q", text, test.want)
			}
		})
	}
}

func TestHelpIsAResult(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := Run(t.Context(), []string{"--help"}, &stdout, &stderr); code != exitDone || stderr.Len() > 0 {
		t.Errorf("exit %d, stderr %q, want 0 and nothing", code, stderr.String())
	}
	for _, want := range []string{
		"-addr HOST:PORT", "127.0.0.1:3033", "-big N", "4000", "-i N", "-bs SECONDS", "-small N", "1000",
		"-ss SECONDS", "-rounds N", "-l SECONDS", "-dials N", "128", "-latency", "-json", "Examples:", "pulse -big=10000 -bs=30", "\n  server ",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("help lacks %q", want)
		}
	}
}
