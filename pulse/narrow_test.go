package pulse

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// In a network of its own, with 100 ephemeral ports, three pulses of 1,000
// connections need 20 source addresses each: what 100,000 need of the real
// range, in small.
func TestManySourcesOutdoFewPorts(t *testing.T) {
	want := `big 1/3: 1000 connected, 0 refused, 0 lost
big 2/3: 1000 connected, 0 refused, 0 lost
big 3/3: 1000 connected, 0 refused, 0 lost
total: 3 pulses, 3000 connected, 0 refused, 0 lost
60 sources, 50 at most from one
`
	if got := timeless(inNarrowNetwork(t, "sources")); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Three servers at a time, 50 connections to each, all from 127.0.0.2 with its
// 100 ports: that works only where the port is chosen at connect.
func TestServersShareTheLocalPorts(t *testing.T) {
	want := strings.Repeat("50 accepted, from map[127.0.0.2:50], exit 0\n", 3)
	if got := inNarrowNetwork(t, "servers"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// inNarrowNetwork runs one of narrowLoads in a network namespace of its own,
// where lo has 100 ephemeral ports, and returns its output.
func inNarrowNetwork(t *testing.T, load string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := process(t, load, "")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Skipf("no network namespace of our own: %v", err)
	}
	_ = cmd.Wait() // the output says it all
	if cmd.ProcessState.ExitCode() == narrowSkip {
		t.Skip(out.String())
	}
	return out.String()
}

// narrowSkip is the exit code of inNamespace where that cannot be set up.
const narrowSkip = 77

// inNamespace is the other side of inNarrowNetwork.
func inNamespace(load func() error) int {
	if err := narrowNamespace(); err != nil {
		fmt.Println(err)
		return narrowSkip
	}
	if err := load(); err != nil {
		fmt.Println(err)
		return exitFailed
	}
	return exitDone
}

func loadFromManySources() error {
	listener, err := net.Listen("tcp", "127.0.0.1:9")
	if err != nil {
		return err
	}
	p := newPeer(listener, untilTheyLeave)
	Run(context.Background(), strings.Fields("-addr 127.0.0.1:9 -big 1000 -bs 0 -small 0 -l 0.1"), os.Stdout, os.Stderr)
	_, _, from := p.settled(3000)
	most := 0
	for _, n := range from {
		most = max(most, n)
	}
	fmt.Printf("%d sources, %d at most from one\n", len(from), most)
	return nil
}

func loadManyServers() error {
	var loads sync.WaitGroup
	for range 3 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		p := newPeer(listener, untilTheyLeave)
		loads.Go(func() {
			args := []string{"-addr", p.addr(), "-big", "50", "-i", "1", "-small", "0", "-l", "0.5"}
			code := Run(context.Background(), args, io.Discard, os.Stderr)
			accepted, _, from := p.settled(50)
			fmt.Printf("%d accepted, from %v, exit %d\n", accepted, from, code)
		})
	}
	loads.Wait()
	return nil
}

func narrowNamespace() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	up, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	up.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, up); err != nil {
		return fmt.Errorf("lo up: %w", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_tw_reuse", []byte("0"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(portRangeFile, []byte("40000 40099"), 0o600)
}
