package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/mem"
)

// Of 10 s the last half second is too late for an order; until the last server's burst
// is over nothing is.
func TestNoOrderIsGivenNearTheEnd(t *testing.T) {
	const burst = mem.Instant(100 * time.Second)
	over, waits := make(chan struct{}), make(chan struct{})
	close(over)
	after := burst.Add
	for _, c := range []struct {
		name    string
		servers []*labServer
		now     mem.Instant
		want    bool
	}{
		{"just after the burst", []*labServer{{over: over, burst: burst}}, after(time.Second), false},
		{"in time", []*labServer{{over: over, burst: burst}}, after(9400 * time.Millisecond), false},
		{"near the end", []*labServer{{over: over, burst: burst}}, after(9600 * time.Millisecond), true},
		{"at the end", []*labServer{{over: over, burst: burst}}, after(10 * time.Second), true},
		{"the second has had no burst", []*labServer{{over: over, burst: burst}, {over: waits}}, after(60 * time.Second), false},
		{"the second ends later", []*labServer{{over: over, burst: burst}, {over: over, burst: after(5 * time.Second)}}, after(10 * time.Second), false},
		{"the second ends too", []*labServer{{over: over, burst: burst}, {over: over, burst: after(5 * time.Second)}}, after(14600 * time.Millisecond), true},
	} {
		results := &labFile{Result: lab.Result{Settle: int64(10 * time.Second)}}
		r := &labRun{work: &labWork{results: results}, servers: c.servers}
		if got := r.endsBefore(c.now); got != c.want {
			t.Errorf("%s: the run ends before: %v", c.name, got)
		}
	}
}

// An interrupt takes away what is not whole, and nothing else.
func TestWhatAnInterruptKeeps(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name   string
		ctx    context.Context
		status lab.Status
		kept   bool
	}{
		{"complete", context.Background(), lab.StatusDone, true},
		{"failed", context.Background(), lab.StatusFailed, true},
		{"complete, then interrupted", cancelled, lab.StatusDone, true},
		{"interrupted", cancelled, lab.StatusFailed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTestWork(t)
			const name = "default-1.whyres.zst"
			file, err := w.folder.create(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			step := lab.Step{Setting: w.results.Rows[0].Setting, Run: 1}
			w.finish(c.ctx, step, lab.Run{Number: 1, Status: c.status, Problem: "why", Recordings: []string{name}})
			if w.failed != nil {
				t.Fatal(w.failed)
			}
			_, err = os.Stat(filepath.Join(w.folder.name, name))
			if kept := len(w.results.Rows[0].Runs) == 1; kept != c.kept || (err == nil) != c.kept {
				t.Errorf("the run is kept: %v, its recording: %v", kept, err)
			}
			text, err := os.ReadFile(filepath.Join(w.folder.name, labResults))
			if saved := bytes.Contains(text, []byte(name)); saved != c.kept {
				t.Errorf("the results name the run: %v, %v", saved, err)
			}
		})
	}
}

// newTestWork has one setting and one run to make.
func newTestWork(t *testing.T) *labWork {
	t.Helper()
	folder, err := newLabFolder(filepath.Join(t.TempDir(), "out"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.close() })
	settings, err := lab.Settings(lab.Options{Only: []string{lab.Default}})
	if err != nil {
		t.Fatal(err)
	}
	results := &labFile{Result: lab.Result{Schema: lab.Schema, Runs: 1, Servers: 1, Rows: lab.Rows(settings)}}
	w := &labWork{folder: folder, results: results, progress: newLabProgress(io.Discard), underWay: map[labKey]bool{}}
	w.turn = sync.NewCond(&w.mu)
	return w
}

// A load that does not end when it is asked to is killed after five seconds, which are
// no part of what is measured. Who interrupts the lab meanwhile loses nothing: the run
// is complete.
func TestALoadThatTakesLongToEnd(t *testing.T) {
	l := newLabbing(t)
	asked := filepath.Join(l.dir, "my-asked")
	load := smallLoad(500, "-small 0") + "; trap 'echo >my-asked' TERM; while :; do sleep 0.1; done"
	cmd := l.command("--settle", "2s", "--settings", "default,gogc-50", "--load", load, "-o", "out")
	got := executeAnd(t, cmd, 0, func(p *os.Process) {
		for range 600 {
			if _, err := os.Stat(asked); err == nil {
				_ = p.Signal(os.Interrupt)
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	if got.code != exitFailed || !strings.Contains(got.err, "interrupted with 1 run left") {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	r := row(t, l.results(), "default")
	if r.Status != lab.StatusDone || len(r.Runs) != 1 {
		t.Fatalf("the run is not kept: %+v", r)
	}
	run := &r.Runs[0]
	objects := lines(t, execute(t, exec.Command(built().whyres, "replay", "--json", filepath.Join(l.dir, "out", run.Recordings[0]))).out)
	watched := time.Duration(float(last(t, objects, "sample")["t"]) - float64(run.BurstEnds[0]))
	if watched < 2*time.Second || watched > 3*time.Second {
		t.Errorf("watched for %v after the burst, want 2 s", watched)
	}
	if took := time.Duration(run.Took); took < 2*time.Second+grace {
		t.Errorf("the run took %v: the load was to take %v to end", took, grace)
	}
	// No more than its peak for all the time that was watched.
	began := float(objects[0]["mono"])
	if area, most := known(t, run, lab.Area), known(t, run, lab.Peak)*(float(last(t, objects, "sample")["t"])-began)/1e9; area > most {
		t.Errorf("area %v byte seconds, at most %v were watched", area, most)
	}
}
