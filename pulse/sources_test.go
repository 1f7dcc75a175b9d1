package pulse

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestSourcesFor(t *testing.T) {
	list := func(text string) (all []netip.Addr) {
		for _, field := range strings.Fields(text) {
			all = append(all, netip.MustParseAddr(field))
		}
		return all
	}
	const ports = 28_232 // the kernel's default range, 32768 to 60999
	tests := []struct {
		name                 string
		target               string
		conns, ports, serial int
		want                 string
		err                  string
	}{
		{"a small pulse needs one", "127.0.0.1", 1000, ports, 0, "127.0.0.2", ""},
		{"10,000 still one", "127.0.0.1", 10_000, ports, 0, "127.0.0.2", ""},
		{"one more, two", "127.0.0.1", 10_001, ports, 0, "127.0.0.2 127.0.0.3", ""},
		{"the next pulse takes the next ones", "127.0.0.1", 10_001, ports, 1, "127.0.0.4 127.0.0.5", ""},
		{"they wrap around", "127.0.0.1", 30_000, ports, 83, "127.0.0.251 127.0.0.252 127.0.0.253", ""},
		{"within a pulse too", "127.0.0.1", 50_000, ports, 50, "127.0.0.252 127.0.0.253 127.0.0.2 127.0.0.3 127.0.0.4", ""},
		{"100,000", "127.0.0.1", 100_000, ports, 0, "127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5 127.0.0.6 127.0.0.7 127.0.0.8 127.0.0.9 127.0.0.10 127.0.0.11", ""},
		{"a narrow range: half of it each", "127.0.0.1", 1500, 1000, 0, "127.0.0.2 127.0.0.3 127.0.0.4", ""},
		{"all of 127/8 is loopback", "127.9.9.9", 1, ports, 0, "127.0.0.2", ""},
		{"mapped into IPv6", "::ffff:127.0.0.1", 1, ports, 0, "127.0.0.2", ""},
		{"too many for all of them", "127.0.0.1", 2_520_001, ports, 0, "", "252 loopback addresses with 10000 each allow 2520000"},
		{"another host: the kernel's choice", "192.0.2.7", 28_232, ports, 0, "", ""},
		{"another host: too many", "192.0.2.7", 28_233, ports, 0, "", "28233 connections to 192.0.2.7, but one source address has 28232"},
		{"IPv6 loopback is one address", "::1", 28_232, ports, 0, "", ""},
		{"IPv6 loopback: too many", "::1", 28_233, ports, 0, "", "28233 connections to ::1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := sourcesFor(netip.MustParseAddr(test.target), test.conns, test.ports, test.serial)
			if test.err != "" {
				if !errors.Is(err, errPorts) || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || !slices.Equal(got, list(test.want)) {
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestSourcesNeverRepeatWithinAPulseNorLeaveLoopback(t *testing.T) {
	for serial := range 1000 {
		sources, err := sourcesFor(netip.MustParseAddr("127.0.0.1"), 123_456, 28_232, serial)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[netip.Addr]bool{}
		for _, source := range sources {
			last := source.As4()[3]
			if seen[source] || !source.IsLoopback() || last < 2 || last > 253 {
				t.Fatalf("pulse %d: %v", serial, sources)
			}
			seen[source] = true
		}
	}
}
