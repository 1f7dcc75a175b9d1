package pulse

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 20 * time.Second

// load runs the command in this process.
func load(t *testing.T, addr, args string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), append([]string{"-addr", addr}, strings.Fields(args)...), &out, &errs)
	return code, out.String(), errs.String()
}

// timeless takes the measured times out of the output.
func timeless(text string) string {
	return regexp.MustCompile(`connected in [\d.]+ s, held [\d.]+ s`).ReplaceAllString(text, "connected")
}

func TestCountsAgreeWithTheListener(t *testing.T) {
	p := listenOn(t, "127.0.0.1:0", untilTheyLeave)
	code, stdout, stderr := load(t, p.addr(), "-big 300 -i 2 -bs 0.3 -small 50 -ss 0.1 -rounds 2 -l 0.3")
	if code != exitDone || stderr != "" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	want := `big 1/2: 300 connected, 0 refused, 0 lost
big 2/2: 300 connected, 0 refused, 0 lost
small 1/2: 50 connected, 0 refused, 0 lost
small 2/2: 50 connected, 0 refused, 0 lost
total: 4 pulses, 700 connected, 0 refused, 0 lost
`
	if timeless(stdout) != want {
		t.Errorf("got\n%swant\n%s", stdout, want)
	}
	accepted, peak, from := p.settled(700)
	if accepted != 700 || peak != 300 {
		t.Errorf("the listener counted %d, at most %d at once, want 700 and 300", accepted, peak)
	}
	if want := map[string]int{"127.0.0.2": 300, "127.0.0.3": 300, "127.0.0.4": 50, "127.0.0.5": 50}; !maps.Equal(from, want) {
		t.Errorf("the listener saw %v, want %v", from, want)
	}
}

func TestIPv6LoopbackHasNoSourceAddresses(t *testing.T) {
	if probe, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 loopback here: %v", err)
	} else {
		_ = probe.Close()
	}
	p := listenOn(t, "[::1]:0", untilTheyLeave)
	code, stdout, _ := load(t, p.addr(), "-big 40 -i 1 -small 0 -l 0.1")
	accepted, _, from := p.settled(40)
	if code != exitDone || accepted != 40 || from["::1"] != 40 {
		t.Errorf("exit %d, %s, the listener saw %v", code, stdout, from)
	}
}

func TestRefusedIsCountedAndFails(t *testing.T) {
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := holder.Addr().String()
	_ = holder.Close() // now nobody listens there
	begin := time.Now()
	code, stdout, _ := load(t, addr, "-big 25 -i 2 -bs 0 -small 0 -l 60")
	want := `big 1/2: 0 connected, 25 refused, 0 lost
big 2/2: 0 connected, 25 refused, 0 lost
total: 2 pulses, 0 connected, 50 refused, 0 lost
`
	if code != exitFailed || timeless(stdout) != want {
		t.Errorf("exit %d, got\n%swant 1 and\n%s", code, stdout, want)
	}
	if took := time.Since(begin); took > patience {
		t.Errorf("took %v: it held nothing", took)
	}
}

// The peer drops known connections early: every tenth with a FIN, every tenth
// with a RST, and sends to some others data that nobody reads. It does so when
// all are connected: a dial that meets the RST itself is a failed dial.
func TestLostIsCountedByReason(t *testing.T) {
	const conns = 100
	var arrived sync.WaitGroup
	arrived.Add(conns)
	p := listenOn(t, "127.0.0.1:0", func(n int, conn *net.TCPConn) {
		arrived.Done()
		arrived.Wait()
		time.Sleep(200 * time.Millisecond) // the last dial's own end
		switch n % 10 {
		case 0:
			return
		case 1:
			_ = conn.SetLinger(0)
			return
		case 2: // a FIN behind unread data is a loss too
			_, _ = conn.Write([]byte("goodbye"))
			return
		case 3: // unread data alone is none
			_, _ = conn.Write([]byte("hello"))
		}
		untilTheyLeave(n, conn)
	})
	code, stdout, _ := load(t, p.addr(), "-big 100 -i 1 -small 0 -l 0.8")
	want := `big 1/1: 100 connected, 0 refused, 30 lost (20 closed by the peer, 10 reset)
total: 1 pulse, 100 connected, 0 refused, 30 lost (20 closed by the peer, 10 reset)
`
	if code != exitFailed || timeless(stdout) != want {
		t.Errorf("exit %d, got\n%swant 1 and\n%s", code, stdout, want)
	}
}

// An address whose accept queue is full answers no SYN: each dial in flight is
// then a socket in SYN_SENT, and the kernel's own table counts those.
func TestDialsInFlightAreBounded(t *testing.T) {
	const dials = 7
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	shrinkBacklog(t, listener)
	port := listener.Addr().(*net.TCPAddr).Port

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var (
		out  bytes.Buffer
		code int
		run  sync.WaitGroup
	)
	run.Go(func() {
		args := fmt.Sprintf("-addr 127.0.0.1:%d -dials %d -big 200 -i 1 -small 0", port, dials)
		code = Run(ctx, strings.Fields(args), &out, io.Discard)
	})
	most := 0
	for deadline := time.Now().Add(patience); most < dials && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		most = max(most, synSent(t, port))
	}
	for range 5 { // it would soon be more, were it not bounded
		time.Sleep(20 * time.Millisecond)
		most = max(most, synSent(t, port))
	}
	cancel()
	run.Wait()
	if most != dials {
		t.Errorf("%d dials in flight at most, want %d", most, dials)
	}
	if code != exitDone || !strings.Contains(out.String(), "0 refused, 0 lost, interrupted") {
		t.Errorf("exit %d after the interrupt:\n%s", code, &out)
	}
}

// shrinkBacklog leaves the accept queue room for one connection.
func shrinkBacklog(t *testing.T, listener net.Listener) {
	t.Helper()
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var listenErr error
	if err := raw.Control(func(fd uintptr) { listenErr = unix.Listen(int(fd), 0) }); err != nil || listenErr != nil {
		t.Fatal(err, listenErr)
	}
}

// synSent counts the sockets in SYN_SENT (02) to a port in /proc/net/tcp.
func synSent(t *testing.T, port int) int {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Skipf("cannot count sockets here: %v", err)
	}
	return strings.Count(string(table), fmt.Sprintf(" 0100007F:%04X 02 ", port))
}

// asPulse makes the test binary be the client: a real process of its own.
const asPulse = "WHYRES_TEST_AS_PULSE"

func TestMain(m *testing.M) {
	switch os.Getenv(asPulse) {
	case "run":
		os.Exit(Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	case "sources":
		os.Exit(inNamespace(loadFromManySources))
	case "servers":
		os.Exit(inNamespace(loadManyServers))
	}
	os.Exit(m.Run())
}

// process is the client in a process of its own, under a shell's set-up.
func process(t *testing.T, mode, setUp string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", setUp + ` exec "$@"`, "sh", self}, args...)...)
	cmd.Env = append(os.Environ(), asPulse+"="+mode, "GORACE=atexit_sleep_ms=0")
	return cmd
}

func TestTooLowAFileLimitIsToldBeforeADial(t *testing.T) {
	p := listenOn(t, "127.0.0.1:0", untilTheyLeave)
	var stderr bytes.Buffer
	cmd := process(t, "run", "ulimit -n 64;", "-addr", p.addr(), "-big", "100", "-i", "1", "-small", "0", "-l", "0.1")
	cmd.Stderr = &stderr
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit %d, want 1", code)
	}
	match := regexp.MustCompile(`the limit is 64, which allows pulses of (\d+) connections; .*ulimit -n \d+`).FindStringSubmatch(stderr.String())
	if match == nil {
		t.Fatalf("stderr %q", stderr.String())
	}
	if accepted, _, _ := p.settled(0); accepted != 0 {
		t.Errorf("the listener counted %d connections, want none", accepted)
	}

	// What it says is allowed has to be true.
	cmd = process(t, "run", "ulimit -n 64;", "-addr", p.addr(), "-big", match[1], "-i", "1", "-small", "0", "-l", "0.1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("-big %s, which it said is allowed: %v\n%s", match[1], err, out)
	}
	allowed, _ := strconv.Atoi(match[1])
	if accepted, _, _ := p.settled(allowed); accepted != allowed {
		t.Errorf("the listener counted %d connections, want %d", accepted, allowed)
	}
}

func TestSignalsCloseAllAndPrintTotals(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			all := make(chan struct{})
			p := listenOn(t, "127.0.0.1:0", func(n int, conn *net.TCPConn) {
				if n == 29 {
					close(all)
				}
				_, _ = io.Copy(io.Discard, conn)
			})
			var stdout bytes.Buffer
			cmd := process(t, "run", "", "-addr", p.addr(), "-big", "30", "-l", "600")
			cmd.Stdout = &stdout
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-all:
			case <-time.After(patience):
				t.Fatal("not all connected")
			}
			time.Sleep(50 * time.Millisecond) // the last dial's own end
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			want := "big 1/3: 30 connected, 0 refused, 0 lost, interrupted\ntotal: 1 pulse, 30 connected, 0 refused, 0 lost, interrupted\n"
			if err != nil || timeless(stdout.String()) != want {
				t.Errorf("%v, got\n%swant exit 0 and\n%s", err, &stdout, want)
			}
			if accepted, _, _ := p.settled(30); accepted != 30 {
				t.Errorf("the listener counted %d connections, want 30", accepted)
			}
		})
	}
}

func TestLossOfAnUnknownConnIsNotSilent(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	if got := lossOf(ours); got != other {
		t.Errorf("%q, want %q", got, other)
	}
}

func TestResolvePrefersIPv4(t *testing.T) {
	got, err := resolve(t.Context(), "localhost", 3033)
	if err != nil {
		t.Skipf("no localhost here: %v", err)
	}
	if got != netip.MustParseAddrPort("127.0.0.1:3033") {
		t.Errorf("localhost is %v, want 127.0.0.1:3033", got)
	}
}

func TestInterruptedBeforeTheStartIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := Run(ctx, []string{"-addr", "server.invalid:3033"}, &stdout, &stderr)
	if want := "total: 0 pulses, 0 connected, 0 refused, 0 lost, interrupted\n"; code != exitDone || stdout.String() != want || stderr.Len() > 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
}
