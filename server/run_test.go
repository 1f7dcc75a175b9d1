package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asServer makes the test binary be the server: a real process of its own.
const asServer = "WHYRES_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		os.Exit(Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const patience = 20 * time.Second

// process is a server under test and the log it has written so far.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	addr string

	mu   sync.Mutex
	text bytes.Buffer
	eof  chan struct{}
}

// start runs the server in a process, with at most files open files if that is
// not 0, and waits until it listens.
func start(t *testing.T, files int, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ulimit := ""
	if files > 0 {
		ulimit = fmt.Sprintf("ulimit -n %d", files)
	}
	return startProgram(t, self, ulimit, args...)
}

// startProgram starts any server, after a shell's ulimit command if there is one.
func startProgram(t *testing.T, program, ulimit string, args ...string) *process {
	t.Helper()
	args = append([]string{program, "-addr", "127.0.0.1:0"}, args...)
	if ulimit != "" {
		args = append([]string{"sh", "-c", ulimit + ` && exec "$@"`, "sh"}, args...)
	}
	p := &process{t: t, eof: make(chan struct{})}
	p.cmd = exec.Command(args[0], args[1:]...)
	p.cmd.Env = append(os.Environ(), asServer+"=1", "GORACE=atexit_sleep_ms=0")
	pipe, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.eof)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			p.mu.Lock()
			p.text.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
		}
	}()
	p.addr = p.await(`listening on (127\.0\.0\.1:\d+)`)[1]
	return p
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// await waits until the log matches and returns the match.
func (p *process) await(pattern string) []string {
	p.t.Helper()
	want := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if match := want.FindStringSubmatch(p.log()); match != nil {
			return match
		}
	}
	p.t.Fatalf("the log has no %q after %v:\n%s", pattern, patience, p.log())
	return nil
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// exit waits for the end of the process and returns its exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.eof:
	case <-time.After(patience):
		p.t.Fatalf("still running after %v:\n%s", patience, p.log())
	}
	_ = p.cmd.Wait() // the code says it all
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) connect(n int) []net.Conn {
	p.t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(func() { _ = conn.Close() })
		conns[i] = conn
	}
	return conns
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		_ = conn.Close()
	}
}

func TestSignalsEndItCleanlyWithClientsConnected(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			p := start(t, 0, "-every", "20")
			conns := p.connect(20)
			p.await(` 20 clients`)
			p.signal(signal)
			if code := p.exit(); code != exitDone {
				t.Errorf("exit %d, want 0:\n%s", code, p.log())
			}
			p.await(`stopped with 20 clients connected, 0 accepts failed`)
			_ = conns[0].SetReadDeadline(time.Now().Add(patience))
			if _, err := conns[0].Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
				t.Errorf("read after the end: %v, want a closed connection", err)
			}
			if conn, err := net.Dial("tcp", p.addr); err == nil {
				_ = conn.Close()
				t.Error("something still listens")
			}
		})
	}
}

func TestLogLinesOverTwoCycles(t *testing.T) {
	p := start(t, 0, "-every", "10")
	for cycle := 1; cycle <= 2; cycle++ {
		conns := p.connect(20)
		p.await(fmt.Sprintf(`Cycle #%3d:    20 clients`, cycle)) // all are in
		closeAll(conns)
		p.await(fmt.Sprintf(`Cycle #%3d:     0 clients`, cycle))
	}
	p.signal(syscall.SIGTERM)
	p.exit()

	var got []string
	for _, r := range rowsOf(t, p.log()) {
		checkInvariants(t, r)
		got = append(got, fmt.Sprintf("%d/%d", r.cycle, r.clients))
	}
	want := "1/10 1/20 1/10 1/0 2/10 2/20 2/10 2/0"
	if strings.Join(got, " ") != want {
		t.Errorf("cycle/clients %v, want %s", got, want)
	}
	// log's default flags: date and time before each line.
	if !regexp.MustCompile(`(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d Cycle #  1:    10 clients \| System: `).MatchString(p.log()) {
		t.Errorf("no line in log's default format:\n%s", p.log())
	}
}

func TestUserSignalsCollectAndRelease(t *testing.T) {
	p := start(t, 0)
	p.signal(syscall.SIGUSR1)
	p.await(`SIGUSR1: runtime.GC done in `)
	p.signal(syscall.SIGUSR2)
	p.await(`SIGUSR2: debug.FreeOSMemory done in `)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit %d, want 0", code)
	}
	for _, line := range []string{"SIGUSR1", "SIGUSR2"} {
		if n := strings.Count(p.log(), line); n != 1 {
			t.Errorf("%d lines of %s, want 1", n, line)
		}
	}
}

// After 500 clients have come and gone, each of the orders has to show in the
// next line: the GC in the objects, FreeOSMemory in the bytes released.
func TestOrdersShowInTheNumbers(t *testing.T) {
	p := start(t, 0)
	conns := p.connect(500)
	p.await(`Cycle #  1:   500 clients`) // all are in
	closeAll(conns)
	p.await(`Cycle #  1:     0 clients`)
	p.signal(syscall.SIGUSR1)
	p.await(`runtime.GC done`)
	closeAll(p.connect(1))
	p.await(`Cycle #  2:     0 clients`)
	p.signal(syscall.SIGUSR2)
	p.await(`FreeOSMemory done`)
	closeAll(p.connect(1))
	p.await(`Cycle #  3:     0 clients`)

	rows := rowsOf(t, p.log())
	if len(rows) != 4 {
		t.Fatalf("%d lines, want 4:\n%s", len(rows), p.log())
	}
	gone, collected, freed := rows[1], rows[2], rows[3]
	if collected.objects+500 > gone.objects || collected.inuse >= gone.inuse {
		t.Errorf("the GC changed %+v to %+v: want the 500 buffers gone, less in use", gone, collected)
	}
	if freed.released <= collected.released {
		t.Errorf("FreeOSMemory changed %+v to %+v: want more released", collected, freed)
	}
}

func TestPortInUse(t *testing.T) {
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	_, port, _ := net.SplitHostPort(holder.Addr().String())

	var stdout, stderr bytes.Buffer
	if code := Run(t.Context(), []string{"-addr", holder.Addr().String()}, &stdout, &stderr); code != exitFailed {
		t.Errorf("exit %d, want 1", code)
	}
	for _, want := range []string{"cannot listen", "127.0.0.1:" + port, "address already in use", "sport = :" + port, "-addr"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr %q lacks %q", stderr.String(), want)
		}
	}
}

func TestOutOfFilesIsToldAndOutlived(t *testing.T) {
	const files, clients = 40, 60
	p := start(t, files, "-every", "1")
	conns := p.connect(clients) // the kernel completes all of them
	p.await(`too many open files: raise ulimit -n \(now 40\)`)
	closeAll(conns[:clients/2])
	p.await(`accept works again, after [1-9]\d* failed so far`)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit %d, want 0:\n%s", code, p.log())
	}
	p.await(`stopped with [1-9]\d* clients connected, [1-9]\d* accepts failed`)
}
