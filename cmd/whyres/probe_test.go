package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/settings"
	"whyres/collector/probe"
	"whyres/collector/probe/probetest"
)

// probed runs whyres probe and reads what it printed.
func probed(t *testing.T, cmd *exec.Cmd) *probe.Report {
	t.Helper()
	got := execute(t, cmd)
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	r, err := probe.Read(strings.NewReader(got.out))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mayBeUnknown: a host may not be able to make the case.
func mayBeUnknown(c *probe.Result) bool {
	for _, why := range []string{"fragmented", "no huge pages", "came with Linux 6.8", "were in RES before the call", "did not get to this memory"} {
		if strings.Contains(c.Unknown, why) {
			return true
		}
	}
	return false
}

func TestProbeAgreesWithTheTable(t *testing.T) {
	privileged(t)
	probetest.HoldSettings(t)
	before := hugePageFiles(t)
	r := probed(t, exec.Command(built().whyres, "probe", "--json", "--allow-settings"))
	if after := hugePageFiles(t); after != before {
		t.Errorf("settings were\n%s\nand are\n%s", before, after)
	}
	for _, s := range r.Settings {
		if !s.Restored {
			t.Errorf("not put back: %+v", s)
		}
	}
	if r.Allocator != "mm_page_free" || len(r.Cases) != len(probe.Catalogue()) {
		t.Errorf("allocator %q, missing %q, %d cases", r.Allocator, r.Missing, len(r.Cases))
	}
	if len(r.Warnings) > 0 && r.Host.SwapTotal == 0 {
		t.Errorf("warnings %q: want the kernel's counters to agree with the page tables", r.Warnings)
	}
	want, measured := answers(t, r), 0
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Verdict == probe.NotMeasured && mayBeUnknown(c) {
			t.Logf("%s: %s", c.ID, c.Unknown)
			continue
		}
		measured++
		for _, off := range want[c.ID].Check(c) {
			t.Errorf("%s: %s (%+v)", c.ID, off, *c)
		}
	}
	t.Logf("%d cases agree with the table of Linux %s", measured, r.Host.Kernel)
	if measured < 10 {
		t.Errorf("%d cases measured", measured)
	}
}

// Nobody special sees the same, but for what the allocator got.
func TestProbeWithoutPrivilege(t *testing.T) {
	cmd := exec.Command(built().whyres, "probe", "--json", "--runs", "2")
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	probetest.HoldSettings(t)
	before := hugePageFiles(t)
	r := probed(t, cmd)
	if after := hugePageFiles(t); after != before || len(r.Settings) > 0 {
		t.Errorf("settings were changed without leave: %+v", r.Settings)
	}
	if r.Allocator != "" || len(r.Missing) != 1 || !strings.Contains(r.Missing[0], "page allocator") {
		t.Errorf("allocator %q, missing %q", r.Allocator, r.Missing)
	}
	want := answers(t, r)
	for i := range r.Cases {
		c := &r.Cases[i]
		switch {
		case c.Verdict == probe.NotMeasured && (mayBeUnknown(c) || strings.Contains(c.Unknown, "mlock") || strings.Contains(c.Unknown, "--allow-settings") ||
			strings.Contains(c.Unknown, "run as root")):
		case c.Errno == "EPERM": // process_madvise wants CAP_SYS_NICE on older kernels
		default:
			for _, off := range want[c.ID].Unseen().Check(c) {
				t.Errorf("%s: %s (%+v)", c.ID, off, *c)
			}
		}
	}
}

// answers is the table of the kernel that the report is of.
func answers(t *testing.T, r *probe.Report) map[string]probetest.Answer {
	t.Helper()
	all, err := probetest.For(r.Host.Kernel)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// hugePageFiles are all settings of huge pages that can be read.
func hugePageFiles(t *testing.T) string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*", "khugepaged/*", "hugepages-*/enabled"} {
		files, err := filepath.Glob(filepath.Join(settings.HugePages, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := filepath.Base(file); name == "full_scans" || name == "pages_collapsed" {
				continue // counters
			}
			if text, err := os.ReadFile(file); err == nil {
				out = append(out, file+" "+strings.TrimSpace(string(text)))
			}
		}
	}
	return strings.Join(out, "\n")
}

// However probe ends while a setting is changed, the setting is what it was.
func TestProbeIsEnded(t *testing.T) {
	privileged(t)
	probetest.HoldSettings(t)
	scan := filepath.Join(settings.HugePages, "khugepaged/scan_sleep_millisecs")
	read := func() string {
		text, err := os.ReadFile(scan)
		if err != nil {
			t.Skip("the kernel has no khugepaged")
		}
		return strings.TrimSpace(string(text))
	}
	was := read()
	if n, err := strconv.Atoi(was); err == nil && n <= 100 {
		t.Skip("khugepaged is as the case wants it")
	}
	t.Cleanup(func() {
		if read() != was {
			t.Errorf("%s is %s, was %s", scan, read(), was)
			_ = os.WriteFile(scan, []byte(was), 0o600)
		}
	})
	until := func(what string, done func() bool) {
		for began := time.Now(); !done(); time.Sleep(2 * time.Millisecond) {
			if time.Since(began) > 30*time.Second {
				t.Fatalf("%s: %s is %s", what, scan, read())
			}
		}
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		cmd := exec.Command(built().whyres, "probe", "--json", "--allow-settings", "--runs", "100", "--only", probe.DontneedHugeRefilled)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		until("changed", func() bool { return read() == "100" })
		// As a terminal does it: to the whole group.
		if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil {
			t.Fatal(err)
		}
		until(signal.String(), func() bool { return read() == was })
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); signal != syscall.SIGKILL && code != exitFailed {
			t.Errorf("%v: exit %d, want %d", signal, code, exitFailed)
		}
	}
}

func TestProbeFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a case that is not there": {[]string{"--only", "nothing"}, exitUsage, "--list"},
		"two formats":              {[]string{"--json", "--markdown"}, exitUsage, "not both"},
		"no runs":                  {[]string{"--runs", "0"}, exitUsage, "1 to 100"},
		"an argument":              {[]string{"now"}, exitUsage, "no argument"},
		"a colour":                 {[]string{"--color", "red"}, exitUsage, "--color"},
	} {
		got := execute(t, exec.Command(built().whyres, append([]string{"probe"}, c.args...)...))
		if got.code != c.code || !strings.Contains(got.err, c.says) || got.out != "" {
			t.Errorf("%s: exit %d, %q, %q", name, got.code, got.err, got.out)
		}
	}
}

func TestProbeOnlyAndList(t *testing.T) {
	r := probed(t, exec.Command(built().whyres, "probe", "--json", "--runs", "1", "--only", "free-4k,dontneed-4k"))
	if len(r.Cases) != 2 || r.Cases[0].ID != probe.DontneedSmall || r.Cases[1].ID != probe.FreeSmall {
		t.Errorf("cases %+v", r.Cases)
	}
	got := execute(t, exec.Command(built().whyres, "probe", "--list", "--json"))
	var list struct {
		Schema string
		Cases  []listedCase
	}
	if err := json.Unmarshal([]byte(got.out), &list); err != nil || len(list.Cases) != len(probe.Catalogue()) || list.Schema == "" {
		t.Errorf("list: %v, %d cases", err, len(list.Cases))
	}
	plain := execute(t, exec.Command(built().whyres, "probe", "--list"))
	for _, c := range probe.Catalogue() {
		if !strings.Contains(plain.out, c.ID) {
			t.Errorf("--list lacks %s", c.ID)
		}
	}
	if help := execute(t, exec.Command(built().whyres, "--help")); strings.Contains(help.out, subjectCommandName) || strings.Contains(help.out, guardianCommandName) {
		t.Error("help shows the hidden commands")
	}
	done := execute(t, exec.Command(built().whyres, "__complete", "probe", "--only", "free"))
	if !slices.Contains(strings.Fields(done.out), probe.FreeHuge) {
		t.Errorf("completion: %s", done.out)
	}
}

// TestProbeCompletesLists: what has been typed of a list stays, and no case comes
// twice.
func TestProbeCompletesLists(t *testing.T) {
	typed := probe.DontneedSmall + ","
	var out bytes.Buffer
	if code := run(context.Background(), []string{"__complete", "probe", "--only", typed}, strings.NewReader(""), &out, io.Discard); code != exitDone {
		t.Fatal(code)
	}
	offered := strings.Fields(out.String())
	if !slices.Contains(offered, typed+probe.FreeHuge) || slices.Contains(offered, typed+probe.DontneedSmall) {
		t.Errorf("completion: %s", out.String())
	}
}

// Times come of the calls alone: the same runs took no longer than the whole command.
func TestProbeTimes(t *testing.T) {
	began := time.Now()
	r := probed(t, exec.Command(built().whyres, "probe", "--json", "--runs", strconv.Itoa(1), "--only", probe.DontneedSmall))
	c := &r.Cases[0]
	if took := time.Since(began); c.CallNS > int64(took) || c.NSPerMiB != c.CallNS*(1<<20)/c.Asked {
		t.Errorf("call %d ns, %d a MiB, all took %v", c.CallNS, c.NSPerMiB, took)
	}
}
