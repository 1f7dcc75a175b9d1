package pulse

import (
	"errors"
	"fmt"
	"net/netip"
)

const (
	// connsPerSource keeps a source address well below its ephemeral ports
	// (28,232 by default): ports of the pulse before may still be in TIME_WAIT
	// for a minute, and a nearly full range makes connect(2) search long.
	connsPerSource = 10_000
	// loopbackSources is how many source addresses the pulses rotate over:
	// 127.0.0.2 to 127.0.0.253.
	loopbackSources = 252
)

var errPorts = errors.New("not enough local ports")

// sourcesFor returns the addresses that the connections of a pulse come from,
// to be used in turn: connection i comes from sources[i % len(sources)]. An
// empty list leaves the choice to the kernel, which is the rule unless target
// is IPv4 loopback, all of whose addresses are this host's. ports is the number
// of ephemeral ports of one address; serial rotates the addresses from pulse to
// pulse. An error of kind errPorts says that the pulse cannot be done.
func sourcesFor(target netip.Addr, conns, ports, serial int) ([]netip.Addr, error) {
	target = target.Unmap()
	if !target.Is4() || !target.IsLoopback() {
		if conns > ports {
			return nil, fmt.Errorf("%w: %d connections to %s, but one source address has %d; widen sysctl net.ipv4.ip_local_port_range, or make smaller pulses", errPorts, conns, target, ports)
		}
		return nil, nil
	}
	perSource := max(1, min(connsPerSource, ports/2))
	count := (conns + perSource - 1) / perSource
	if count > loopbackSources {
		return nil, fmt.Errorf("%w: %d connections, but %d loopback addresses with %d each allow %d; make smaller pulses", errPorts, conns, loopbackSources, perSource, loopbackSources*perSource)
	}
	sources := make([]netip.Addr, count)
	for i := range sources {
		host := 2 + (serial%loopbackSources*count+i)%loopbackSources
		sources[i] = netip.AddrFrom4([4]byte{127, 0, 0, byte(host)})
	}
	return sources, nil
}
