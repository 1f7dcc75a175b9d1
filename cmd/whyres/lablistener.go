package main

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"

	proc "github.com/prometheus/procfs"
)

// tcpListen is the state of a socket that listens, in /proc/net/tcp.
const tcpListen = 0x0a

// listensItself refuses a target that has another process listen in its place: then
// that one would have the burst, and this one be measured. Where /proc does not tell,
// nothing is refused.
func (t *labTraced) listensItself() error {
	sockets := listeners(t.pid, t.addr)
	if len(sockets) == 0 || holds(t.pid, sockets) {
		return nil
	}
	all, err := proc.AllProcs()
	if err != nil {
		return nil //nolint:nilerr // it does not tell
	}
	for _, p := range all {
		if !holds(p.PID, sockets) {
			continue
		}
		name, _ := p.Comm()
		who := fmt.Sprintf("the one that listens at %s is process %d (%s), ", t.addr, p.PID, name)
		if descends(p.PID, t.pid) {
			return fmt.Errorf("%sa child of the target, which would be measured in its place: give the program itself, or have the script exec it", who)
		}
		return fmt.Errorf("%swhich the target has not started", who)
	}
	return nil
}

// listeners are the sockets that accept connections to an address, as the process
// sees the network, called as its descriptors are.
func listeners(pid int, addr string) (sockets []string) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil
	}
	fs, err := proc.NewFS(filepath.Join(proc.DefaultMountPoint, strconv.Itoa(pid)))
	if err != nil {
		return nil
	}
	// Netlink would tell of whyres's own network. Where one lacks, the other may tell.
	v4, _ := fs.NetTCP()  //nolint:staticcheck // see above
	v6, _ := fs.NetTCP6() //nolint:staticcheck // see above
	for _, l := range append(v4, v6...) {
		ip, ok := netip.AddrFromSlice(l.LocalAddr)
		ip = ip.Unmap()
		if ok && l.St == tcpListen && l.LocalPort == uint64(at.Port()) && (ip == at.Addr() || ip.IsUnspecified()) {
			sockets = append(sockets, fmt.Sprintf("socket:[%d]", l.Inode))
		}
	}
	return sockets
}

// holds reports whether a process has one of the sockets open.
func holds(pid int, sockets []string) bool {
	p, err := proc.NewProc(pid)
	if err != nil {
		return false
	}
	open, err := p.FileDescriptorTargets()
	return err == nil && slices.ContainsFunc(open, func(target string) bool { return slices.Contains(sockets, target) })
}

// descends reports whether a process was started by another, or by one that it has
// started.
func descends(pid, from int) bool {
	const deepest = 100 // numbers are used again: there could be a ring
	for range deepest {
		p, err := proc.NewProc(pid)
		if err != nil {
			return false
		}
		stat, err := p.Stat()
		if err != nil || stat.PPID <= 1 {
			return false
		}
		if pid = stat.PPID; pid == from {
			return true
		}
	}
	return false
}
