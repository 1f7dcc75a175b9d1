package kernel

import (
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestPickEnviron(t *testing.T) {
	t.Parallel()
	names := []string{"GOGC", "GODEBUG"}
	long := strings.Repeat("x", 5000)
	for text, want := range map[string]map[string]string{
		"": nil, "\x00\x00": nil, "GOGCX=1\x00XGOGC=2\x00": nil, "GOGC": nil,
		"A=1\x00GOGC=50\x00GODEBUG=madvdontneed=1,b=2\x00": {"GOGC": "50", "GODEBUG": "madvdontneed=1"},
		"GOGC=\x00":                {"GOGC": ""},
		"GOGC=1\x00GOGC=2":         {"GOGC": "1"},
		"GOGC=\xff\x1b[2J\x00":     {"GOGC": "\ufffd\x1b[2J"},
		"GOGC=" + long + "\x00A=1": {"GOGC": long[:maxEnvText]},
		// What is none of ours may be a secret.
		"GODEBUG=token=hunter2,gcshrinkstackoff=1,x,madvdontneed=0,madvdontneed=hunter2\x00": {"GODEBUG": "gcshrinkstackoff=1,madvdontneed=0"},
		"GODEBUG=hunter2\x00":                     {"GODEBUG": ""},
		"GODEBUG=madvdontneed\x00":                {"GODEBUG": ""},
		"GODEBUG=" + long + ",disablethp=1\x00":   {"GODEBUG": "disablethp=1"},
		"GODEBUG=a=1\x00GODEBUG=disablethp=1\x00": {"GODEBUG": ""},
	} {
		if got := pickEnviron([]byte(text), names); !maps.Equal(got, want) {
			t.Errorf("%.40q: %.60q, want %.60q", text, got, want)
		}
	}
}

func TestEnvironOfAProcess(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), "GOGC=37", "WHYRES_SECRET=no")
	if err := cmd.Start(); err != nil {
		t.Skip("no sleep command: ", err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	p, err := Default().Open(cmd.Process.Pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	// An exec is done for whoever started it a moment before the new program's
	// environment is in place.
	var got map[string]string
	for end := time.Now().Add(5 * time.Second); got == nil && err == nil && time.Now().Before(end); {
		got, err = p.Environ([]string{"GOGC"})
	}
	if err != nil || !maps.Equal(got, map[string]string{"GOGC": "37"}) {
		t.Errorf("%q, %v", got, err)
	}
}
