package pulse

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// splitAddr checks addr, HOST:PORT with a port of 1 to 65535 or a service's
// name; an empty host is this host.
func splitAddr(addr string) (host string, port uint16, err error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("-addr %q: want HOST:PORT", addr)
	}
	number, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", service)
	if err != nil || number == 0 {
		return "", 0, fmt.Errorf("-addr %q: %q is no port: want 1 to 65535", addr, service)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return host, uint16(number), nil
}

// resolve finds the one address that every connection goes to, IPv4 if the
// host has it. One look-up for the whole run: a name that changes would spread
// the load, and 10,000 look-ups would measure the resolver.
func resolve(ctx context.Context, host string, port uint16) (netip.AddrPort, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("cannot resolve %s: %w; give an address with -addr %s", host, err, net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
	}
	chosen := addrs[0]
	for _, addr := range addrs {
		if addr.Unmap().Is4() {
			chosen = addr
			break
		}
	}
	return netip.AddrPortFrom(chosen.Unmap(), port), nil
}
