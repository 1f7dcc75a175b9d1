package timeline

import (
	"bytes"
	"strings"
	"testing"
)

func findings() []Section {
	return []Section{
		{"the host", []Finding{
			{Status: "ok", Name: "kernel", Found: "Linux 6.18.44, amd64"},
			{
				Status: "missing", Name: "cap_dac_read_search", Found: "whyres has no CAP_DAC_READ_SEARCH",
				Means:  "it would add: opening the program files and mappings of processes of other users",
				Remedy: "sudo whyres ..., or once: sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep /usr/local/bin/whyres",
			},
			{
				Status: "missing", Name: "cap_bpf", Found: "whyres has no CAP_BPF",
				Remedy: "sudo whyres ..., or once: sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep /usr/local/bin/whyres",
			},
			{Status: "unknown", Name: "lockdown", Found: "cannot be told", Means: "in the mode confidentiality no eBPF program may read the kernel's memory"},
		}},
		{"process 4242", []Finding{
			{Status: "info", Name: "go_runtime", Found: "a\x1b[2Jb\nc", Remedy: "build it without -ldflags=-s"},
		}},
	}
}

func findingsText(t *testing.T, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteFindings(&out, o, findings(), "Missing for trace: cap_dac_read_search."); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFindingsGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"doctor-120":       {Width: 120},
		"doctor-120-color": {Width: 120, Color: true},
		"doctor-80":        {Width: 80},
		"doctor-80-color":  {Width: 80, Color: true},
		"doctor-50":        {Width: 50},
		"doctor-ascii":     {Width: 80, ASCII: true},
		"doctor-pipe":      {},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, findingsText(t, o)) })
	}
}

// No line is wider than the terminal; no status is told by colour alone.
func TestFindingsFit(t *testing.T) {
	t.Parallel()
	for w := 40; w < 160; w++ {
		text := findingsText(t, Options{Width: w})
		for line := range strings.Lines(text) {
			// A command is not broken, so that it can be copied.
			if got := width(strings.TrimSuffix(line, "\n")); got > w && !strings.HasPrefix(line, "    do: ") {
				t.Fatalf("%d columns in a terminal of %d: %q", got, w, line)
			}
		}
		if strings.Count(text, "setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep /usr/local/bin/whyres\n") != 1 {
			t.Fatalf("the command is not there to be copied, once:\n%s", text)
		}
		for _, word := range []string{"✔ ok", "✘ missing", "? unknown", "· info"} {
			if !strings.Contains(text, word) {
				t.Fatalf("no %q in\n%s", word, text)
			}
		}
	}
}
