package pulse

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// spareFiles are descriptors kept for what is not a connection: the poller's
// two, a few opened in passing.
const spareFiles = 8

var errFileLimit = errors.New("open files limit too low")

// checkFileLimit says whether limit (RLIMIT_NOFILE) lets open descriptors,
// those that are open already, be joined by conns connections.
func checkFileLimit(limit uint64, open, conns int) error {
	need := uint64(open) + spareFiles + uint64(conns)
	if need <= limit {
		return nil
	}
	allowed := uint64(0)
	if taken := uint64(open) + spareFiles; limit > taken {
		allowed = limit - taken
	}
	return fmt.Errorf("%w: the limit is %d, which allows pulses of %d connections; for %d raise it to at least %d (ulimit -n %d, also for the server), or make smaller pulses",
		errFileLimit, limit, allowed, conns, need, need)
}

// openFiles counts the descriptors this process has open.
func openFiles() (int, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, fmt.Errorf("cannot count the open files: %w; is /proc mounted?", err)
	}
	return len(entries), nil
}

// fileLimit reads RLIMIT_NOFILE; Go has raised the soft limit to the hard one
// at start-up (os/rlimit.go).
func fileLimit() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("cannot read the open files limit: %w", err)
	}
	return limit.Cur, nil
}

const portRangeFile = "/proc/sys/net/ipv4/ip_local_port_range"

// ephemeralPorts is how many local ports the kernel gives out by itself, for
// IPv4 and IPv6 alike.
func ephemeralPorts() (int, error) {
	text, err := os.ReadFile(portRangeFile)
	if err != nil {
		return 0, fmt.Errorf("cannot read the range of local ports: %w; is /proc mounted?", err)
	}
	return parsePortRange(string(text))
}

func parsePortRange(text string) (int, error) {
	var low, high int
	if _, err := fmt.Sscan(strings.TrimSpace(text), &low, &high); err != nil || low < 1 || high > 65535 || low > high {
		return 0, fmt.Errorf("%s: want two ports, low and high, found %q", portRangeFile, text)
	}
	return high - low + 1, nil
}
