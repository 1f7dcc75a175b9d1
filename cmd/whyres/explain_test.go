package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"whyres/collector"
)

// explainJSON is what explain --json says of the process.
func explainJSON(t *testing.T, pid int, more ...string) map[string]any {
	t.Helper()
	args := append([]string{"explain", "--json", "-p", strconv.Itoa(pid)}, more...)
	got := execute(t, exec.Command(built().whyres, args...))
	objects := lines(t, got.out)
	if got.code != 0 || got.err != "" || len(objects) != 1 {
		t.Fatalf("exit %d, %d objects: %s", got.code, len(objects), got.err)
	}
	return objects[0]
}

// atRest starts a subject with a known heap, and returns its own ReadMemStats.
func atRest(t *testing.T) (pid int, own map[string]float64) {
	t.Helper()
	cmd := exec.Command(built().subject, "rest")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(said).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &own); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	return cmd.Process.Pid, own
}

// One look at a process at rest: its own ReadMemStats, the kernel's smaps, the
// contract of the JSON.
func TestExplainAgainstTheTargetsOwnNumbers(t *testing.T) {
	privileged(t)
	pid, own := atRest(t)
	verdict := explainJSON(t, pid)
	stats := verdict["memstats"].(map[string]any)
	for ours, theirs := range map[string]string{"heap_sys": "HeapSys", "heap_inuse": "HeapInuse", "heap_released": "HeapReleased", "num_gc": "NumGC", "stack_inuse": "StackInuse"} {
		if stats[ours] != own[theirs] {
			t.Errorf("%s is %v, the target says %v", ours, stats[ours], own[theirs])
		}
	}
	if stats["source"] != "memory" {
		t.Errorf("the source is %v", stats["source"])
	}
	res := int64(float(verdict["res_bytes"]))
	if want := smapsRSS(t, pid); res != want {
		t.Errorf("RES %d, smaps says %d", res, want)
	}
	checkLedger(t, verdict)
	for of, fields := range map[string]string{
		"":         "schema time host process res_bytes memstats ledger causes forecast warnings",
		"host":     "kernel arch page_size thp cpus",
		"process":  "pid comm exe go_version cgo",
		"memstats": "source heap_sys heap_inuse heap_idle heap_released heap_alloc heap_objects stack_inuse stack_sys next_gc num_gc sys gc_percent memory_limit",
	} {
		object := verdict
		if of != "" {
			object = verdict[of].(map[string]any)
		}
		for field := range strings.FieldsSeq(fields) {
			if _, there := object[field]; !there {
				t.Errorf("%s has no %s", of, field)
			}
		}
	}
	if verdict["schema"] != "whyres/explain/1" || verdict["process"].(map[string]any)["go_version"] != runtime.Version() {
		t.Errorf("schema %v, process %v", verdict["schema"], verdict["process"])
	}
	if up := time.Duration(float(verdict["up_ns"])); up < 200*time.Millisecond || up > time.Minute {
		t.Errorf("up for %v", up)
	}
}

// checkLedger: leaves sum to RES, each parent to its children, and the rest is
// there.
func checkLedger(t *testing.T, verdict map[string]any) {
	t.Helper()
	ledger := verdict["ledger"].([]any)
	res := int64(float(verdict["res_bytes"]))
	if sum := leaves(ledger); sum != res || res == 0 {
		t.Errorf("the ledger's leaves sum to %d, RES is %d", sum, res)
	}
	sums, bytes := map[string]int64{}, map[string]int64{}
	for _, p := range ledger {
		part := p.(map[string]any)
		n := int64(float(part["bytes"]))
		bytes[part["id"].(string)] = n
		sums[part["parent"].(string)] += n
	}
	for parent, sum := range sums {
		if parent != "" && bytes[parent] != sum {
			t.Errorf("%s is %d, its children sum to %d", parent, bytes[parent], sum)
		}
	}
	if sums[""] != res {
		t.Errorf("the parts at the top sum to %d, RES is %d", sums[""], res)
	}
	if _, there := bytes["unexplained"]; !there {
		t.Error("no part unexplained")
	}
}

// Of a server that has served, and of the look's own time.
func TestExplainTakesLessThanASecond(t *testing.T) {
	privileged(t)
	dir := filepath.Dir(built().whyres)
	cmd := exec.Command(filepath.Join(dir, "server"), "-addr", "127.0.0.1:0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	time.Sleep(300 * time.Millisecond)
	best := time.Hour
	for range 3 {
		began := time.Now()
		got := execute(t, exec.Command(built().whyres, "explain", "-p", strconv.Itoa(cmd.Process.Pid)))
		best = min(best, time.Since(began))
		if got.code != 0 || got.err != "" || !strings.HasPrefix(got.out, "server · pid ") || !strings.Contains(got.out, "\nWhy: ") || !strings.Contains(got.out, "MemStats · sys ") {
			t.Fatalf("exit %d: %s%s", got.code, got.out, got.err)
		}
	}
	t.Logf("a look takes %v", best)
	if best > time.Second {
		t.Errorf("a look takes %v", best)
	}
}

// A program that is not Go: the kernel's view, said so, and no failure.
func TestExplainWhatIsNotGo(t *testing.T) {
	privileged(t)
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	time.Sleep(100 * time.Millisecond)
	verdict := explainJSON(t, cmd.Process.Pid)
	checkLedger(t, verdict)
	if source := verdict["memstats"].(map[string]any)["source"]; source != "none" {
		t.Errorf("MemStats from %v", source)
	}
	got := execute(t, exec.Command(built().whyres, "explain", "-p", strconv.Itoa(cmd.Process.Pid)))
	if got.code != 0 || !strings.Contains(got.out, "sleep · pid ") || strings.Count(got.out, "not a Go") != 1 {
		t.Errorf("exit %d, want it to say once that it is not Go:\n%s%s", got.code, got.out, got.err)
	}
}

// The process that explains itself.
func TestExplainOneself(t *testing.T) {
	privileged(t)
	got := execute(t, exec.Command("sh", "-c", `exec "$0" explain --json -p $$`, built().whyres))
	if got.code != 0 || got.err != "" {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	checkLedger(t, lines(t, got.out)[0])
}

// A process in a PID namespace of its own, by the host's number.
func TestExplainInAnotherNamespace(t *testing.T) {
	privileged(t)
	cmd := exec.Command("unshare", "--pid", "--fork", "--kill-child", built().subject, "sleep")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	time.Sleep(300 * time.Millisecond)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatal(err)
	}
	verdict := explainJSON(t, pid)
	checkLedger(t, verdict)
	if source := verdict["memstats"].(map[string]any)["source"]; source != "memory" {
		t.Errorf("MemStats from %v, warnings %v", source, verdict["warnings"])
	}
}

// A user without privilege and a process of their own: as far as ptrace is
// permitted.
func TestExplainOnesOwnProcessAsAPlainUser(t *testing.T) {
	privileged(t)
	target := exec.Command(built().subject, "sleep")
	target.SysProcAttr = nobody()
	target.Dir = "/"
	if err := target.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Process.Kill(); _ = target.Wait() })
	time.Sleep(300 * time.Millisecond)
	cmd := exec.Command(built().whyres, "explain", "--json", "-p", strconv.Itoa(target.Process.Pid))
	cmd.SysProcAttr, cmd.Dir = nobody(), "/"
	got := execute(t, cmd)
	if got.code != 0 || got.err != "" {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	verdict := lines(t, got.out)[0]
	checkLedger(t, verdict)
	want := "memory"
	if scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil && scope[0] != '0' {
		want = "none"
	}
	if source := verdict["memstats"].(map[string]any)["source"]; source != want {
		t.Errorf("MemStats from %v, want %s; warnings %v", source, want, verdict["warnings"])
	}
}

// The objects by size class sum to the heap's own counters.
func TestExplainSizes(t *testing.T) {
	privileged(t)
	pid, _ := atRest(t)
	verdict := explainJSON(t, pid, "--sizes")
	stats, pages := verdict["memstats"].(map[string]any), verdict["go_pages"].(map[string]any)
	sum := map[string]float64{}
	large := false
	classes, ok := pages["sizes"].([]any)
	if !ok {
		t.Fatalf("no sizes; warnings %v", verdict["warnings"])
	}
	for _, c := range classes {
		class := c.(map[string]any)
		sum["heap_objects"] += float(class["objects"])
		sum["heap_alloc"] += float(class["allocated"])
		sum["heap_inuse"] += float(class["in_use"].(map[string]any)["bytes"])
		// rest keeps 64 objects of 16 KiB.
		large = large || float(class["size"]) == 16<<10 && float(class["objects"]) >= 64
	}
	for name, total := range sum {
		if total != stats[name] {
			t.Errorf("the classes' %s sum to %.0f, MemStats says %.0f", name, total, stats[name])
		}
	}
	if len(sum) != 3 || !large {
		t.Errorf("sums %v, the 64 objects of 16 KiB there: %v", sum, large)
	}
	got := execute(t, exec.Command(built().whyres, "explain", "--sizes", "-p", strconv.Itoa(pid)))
	if got.code != 0 || !regexp.MustCompile(`(?m)^ +16384 B +`).MatchString(got.out) {
		t.Errorf("exit %d:\n%s%s", got.code, got.out, got.err)
	}
	if _, there := explainJSON(t, pid)["go_pages"].(map[string]any)["sizes"]; there {
		t.Error("sizes that nobody asked for")
	}
}

// A look that follows the number only is of another process.
func TestExplainKnowsTheProcessAgain(t *testing.T) {
	privileged(t)
	target := startSubject(t, "sleep")
	time.Sleep(200 * time.Millisecond)
	open := func() *looker {
		l, err := openLooker(explainOptions{pid: target.Process.Pid})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.close)
		return l
	}
	other := open()
	other.who.StartTicks-- // as if another had had the number before
	if _, err := other.look(t.Context()); !errors.Is(err, collector.ErrGone) {
		t.Errorf("of another process: %v", err)
	}
	replaced := open()
	replaced.who.Exe = "/bin/sh" // as if it had executed the subject meanwhile
	if v, err := replaced.look(t.Context()); err != nil || v.Process.Exe != built().subject || v.MemStats.Source != "memory" {
		t.Errorf("after an exec: %v", err)
	}
	ended := open()
	if _, err := ended.look(t.Context()); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	_ = target.Process.Kill()
	_ = target.Wait()
	if _, err := ended.look(t.Context()); !errors.Is(err, collector.ErrGone) || exitCode(err) != exitGone {
		t.Errorf("after its end: %v", err)
	}
}

func TestCompletionOffersGoProcesses(t *testing.T) {
	privileged(t)
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sleep.Process.Kill(); _ = sleep.Wait() })
	subject := startSubject(t, "sleep")
	time.Sleep(200 * time.Millisecond)
	for pid, want := range map[int]bool{subject.Process.Pid: true, sleep.Process.Pid: false} {
		got := execute(t, exec.Command(built().whyres, "__complete", "explain", "-p", strconv.Itoa(pid)))
		offered := slices.ContainsFunc(strings.Split(got.out, "\n"), func(line string) bool {
			return strings.HasPrefix(line, fmt.Sprintf("%d\t", pid))
		})
		if offered != want || got.code != 0 {
			t.Errorf("exit %d, process %d is offered: %v\n%s", got.code, pid, offered, got.out)
		}
	}
}
