package pulse

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dialTimeout bounds one dial: long enough for four lost SYNs (1, 3, 7 and 15 s).
const dialTimeout = 30 * time.Second

// dialers makes one dialer a source address, or one that leaves the source to
// the kernel if there are none. Keep-alive probes, on by default in Go, are
// off: they are not part of the experiment.
func dialers(sources []netip.Addr) []*net.Dialer {
	if len(sources) == 0 {
		return []*net.Dialer{{Timeout: dialTimeout, KeepAlive: -1}}
	}
	all := make([]*net.Dialer, 0, len(sources))
	for _, source := range sources {
		all = append(all, &net.Dialer{
			Timeout:   dialTimeout,
			KeepAlive: -1,
			LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0)),
			Control:   portAtConnect,
		})
	}
	return all
}

// portAtConnect sets IP_BIND_ADDRESS_NO_PORT (Linux 4.2): bind(2) then takes
// the address alone, and connect(2) chooses the port, which may be shared with
// connections to other targets. An older kernel chooses at bind: fewer ports,
// the same addresses, so its refusal is no error.
func portAtConnect(_, _ string, raw syscall.RawConn) error {
	var optErr error
	err := raw.Control(func(fd uintptr) {
		optErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
	if errors.Is(optErr, unix.ENOPROTOOPT) {
		optErr = nil
	}
	return errors.Join(err, optErr)
}

// lossOf says why a connection is no longer whole; empty if it is. It reads
// nothing: poll(2) tells the peer's FIN (POLLRDHUP) and errors even behind
// unread data.
func lossOf(conn net.Conn) reason {
	holder, ok := conn.(syscall.Conn)
	if !ok {
		return other
	}
	raw, err := holder.SyscallConn()
	if err != nil {
		return other
	}
	var why reason
	if err := raw.Control(func(fd uintptr) { why = lossOfSocket(int(fd)) }); err != nil {
		return other
	}
	return why
}

func lossOfSocket(fd int) reason {
	events, err := pollNow(fd)
	if err != nil {
		return other
	}
	if events&(unix.POLLERR|unix.POLLHUP) != 0 {
		errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno != 0 {
			return reasonOf(syscall.Errno(errno))
		}
		return closed
	}
	if events&unix.POLLRDHUP != 0 {
		return closed
	}
	return ""
}

func pollNow(fd int) (int16, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	for {
		_, err := unix.Poll(fds, 0)
		if !errors.Is(err, unix.EINTR) {
			return fds[0].Revents, err
		}
	}
}
