package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"whyres/collector"
	"whyres/collector/discover"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/summary"
)

// startRest starts a subject that says its own numbers, once it is at rest.
func startRest(t *testing.T) (pid int, own map[string]float64) {
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

// topOf is what top --json says of a process.
func topOf(t *testing.T, objects []map[string]any, pid int) map[string]any {
	t.Helper()
	if len(objects) != 1 || objects[0]["schema"] != "whyres/top/1" {
		t.Fatalf("want one object of whyres/top/1, got %v", objects)
	}
	for _, p := range objects[0]["processes"].([]any) {
		if p := p.(map[string]any); p["pid"] == float64(pid) {
			return p
		}
	}
	t.Fatalf("no process %d in %v", pid, objects[0])
	return nil
}

// The ledger of a process at rest is the one that a look at it alone has; RES is
// what smaps sums to.
func TestTopAgainstEachProcess(t *testing.T) {
	privileged(t)
	pid, own := startRest(t)
	got := execute(t, exec.Command(built().whyres, "top", "--once", "--json"))
	if got.code != 0 || got.err != "" {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	p := topOf(t, lines(t, got.out), pid)
	if res := int64(float(p["res_bytes"])); res != smapsRSS(t, pid) {
		t.Errorf("RES %d, smaps says %d", res, smapsRSS(t, pid))
	}
	if p["comm"] != "subject" || p["full"] != true || float(p["garbage_at_most_bytes"])+float(p["live_bytes"]) > own["HeapInuse"] {
		t.Errorf("%v; it says %v", p, own)
	}
	alone := execute(t, exec.Command(built().whyres, "trace", "--json", "--for", "1s", "-p", strconv.Itoa(pid)))
	sum := 0.0
	for _, part := range last(t, lines(t, alone.out), "verdict")["ledger"].([]any) {
		part := part.(map[string]any)
		bytes, isLeaf := p["ledger"].(map[string]any)[part["id"].(string)]
		if isLeaf && bytes != part["bytes"] {
			t.Errorf("%s: %v, alone %v", part["id"], bytes, part["bytes"])
		}
		if isLeaf {
			sum += float(bytes)
		}
	}
	if sum != float(p["res_bytes"]) {
		t.Errorf("the leaves sum to %v of %v", sum, p["res_bytes"])
	}
}

// With --every a table follows the other until Ctrl-C, which is no failure.
func TestTopRepeats(t *testing.T) {
	privileged(t)
	cmd := exec.Command(built().whyres, "top", "--every", "100ms", "--json")
	got := executeAnd(t, cmd, time.Second, func(p *os.Process) { _ = p.Signal(os.Interrupt) })
	if n := len(lines(t, got.out)); got.code != 0 || n < 2 {
		t.Errorf("exit %d after %d tables: %s", got.code, n, got.err)
	}
}

func TestTopUsage(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"top --sort size", "top --limit -1", "top --every 1ms", "top 42", "top --color blue"} {
		var errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), nil, io.Discard, &errs); code != exitUsage || errs.Len() == 0 {
			t.Errorf("%s: exit %d, %q", args, code, errs.String())
		}
	}
}

func TestTopOrder(t *testing.T) {
	t.Parallel()
	light := func(pid int, comm string, res int64, marked uint64) discover.Seen {
		return discover.Seen{
			Process: mem.Process{PID: pid, Comm: comm, GoVersion: "go1.26"},
			Sample:  mem.Sample{PID: pid, RSS: mem.RSS{Anon: res}, MemStats: &mem.MemStats{NumGC: 1, HeapMarked: marked}},
		}
	}
	s := &discover.Survey{Seen: []discover.Seen{light(1, "c", 5, 3), light(2, "a", 9, 1), light(3, "b", 7, 0)}}
	for by, want := range map[string]string{sortPID: "123", sortName: "231", sortRES: "231", sortLive: "123", sortBack: "231"} {
		got := ""
		for _, l := range topLines(s, by, mem.Host{}) {
			got += strconv.Itoa(l.Process.PID)
		}
		if got != want {
			t.Errorf("by %s: %s, want %s", by, got, want)
		}
	}
	known, unknown := summary.Size{Known: true}, summary.Size{}
	if largestFirst(known, unknown) >= 0 || largestFirst(unknown, known) <= 0 {
		t.Error("what is not known comes before what is")
	}
}

// Nothing that could not be read is left out in silence.
func TestTopNotes(t *testing.T) {
	t.Parallel()
	s := &discover.Survey{Hidden: 1}
	for _, err := range []error{
		goruntime.ErrTooOld, kernel.ErrNoPermission, goruntime.ErrNoPermission, collector.ErrGone, errors.New("else"),
	} {
		s.Unread = append(s.Unread, discover.Unread{Err: err})
	}
	text := strings.Join(topNotes(s, []topLine{{Seen: &discover.Seen{}}}), "\n")
	for _, want := range []string{
		"5 more Go processes could not be read: 2 not permitted", "1 of too old a Go version", "1 ended meanwhile", "1 failed",
		"1 process of", "1 large heap was not looked at in full",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
