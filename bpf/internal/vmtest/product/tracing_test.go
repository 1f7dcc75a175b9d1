package product

import (
	"bufio"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// tracing is a running whyres trace --json.
type tracing struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser // that of a command that is traced
	ended chan error

	mu    sync.Mutex
	lines []traceLine
}

// startTrace starts it; what the command and whyres say on standard error is copied
// to said, line by line.
func startTrace(t *testing.T, said func(line string), args ...string) *tracing {
	t.Helper()
	tr := &tracing{cmd: exec.Command(program("whyres"), append([]string{"trace", "--json"}, args...)...), ended: make(chan error, 1)}
	stdin, errIn := tr.cmd.StdinPipe()
	stdout, errOut := tr.cmd.StdoutPipe()
	stderr, errErr := tr.cmd.StderrPipe()
	for _, err := range []error{errIn, errOut, errErr, tr.cmd.Start()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tr.stdin = stdin
	t.Cleanup(func() { _ = tr.cmd.Process.Kill() })
	var wg sync.WaitGroup
	wg.Go(func() { eachLine(stdout, func(line []byte) { tr.take(t, line) }) })
	wg.Go(func() { eachLine(stderr, func(line []byte) { said(string(line)) }) })
	go func() {
		wg.Wait()
		tr.ended <- tr.cmd.Wait()
	}()
	return tr
}

func eachLine(r io.Reader, take func([]byte)) {
	for b := bufio.NewReaderSize(r, 1<<20); ; {
		line, err := b.ReadBytes('\n')
		if len(line) > 0 {
			take(line)
		}
		if err != nil {
			return
		}
	}
}

func (tr *tracing) take(t *testing.T, text []byte) {
	line := decode[traceLine](t, text)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.lines = append(tr.lines, line)
}

// waitFor waits until a line is as wanted, and gives the first that is.
func (tr *tracing) waitFor(t *testing.T, what string, wanted func(l *traceLine) bool) traceLine {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		for _, l := range tr.all() {
			if wanted(&l) {
				return l
			}
		}
	}
	t.Fatalf("no %s within two minutes, in %d lines", what, len(tr.all()))
	return traceLine{}
}

func (tr *tracing) all() []traceLine {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.lines[:len(tr.lines):len(tr.lines)]
}

// interrupt ends the trace as Ctrl-C does.
func (tr *tracing) interrupt(t *testing.T) {
	t.Helper()
	if err := tr.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// end waits for the trace to end well, and checks that it lost nothing and that its
// verdict adds up.
func (tr *tracing) end(t *testing.T) (verdict traceLine) {
	t.Helper()
	select {
	case err := <-tr.ended:
		if err != nil {
			t.Fatalf("trace: %v", err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("the trace does not end")
	}
	lost := false
	for _, l := range tr.all() {
		if l.Type == "lost" {
			lost = true
			if l.Total == nil || *l.Total != 0 {
				t.Errorf("events were lost: %+v", l.Total)
			}
		}
	}
	if !lost {
		t.Error("the trace does not say whether events were lost")
	}
	all := tr.all()
	verdict = all[len(all)-1]
	if verdict.Type != "verdict" {
		t.Fatalf("the last line is %q, want the verdict", verdict.Type)
	}
	return verdict
}
