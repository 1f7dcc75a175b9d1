package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// multipath is what a listener's settings can be told since Go 1.21.
type multipath interface{ SetMultipathTCP(use bool) }

// listen opens the listener. Keep-alive probes and multipath TCP, both on by
// default in Go, are off: they would add kernel memory and system calls a
// client to what is measured.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	var newer interface{} = &config
	if newer, ok := newer.(multipath); ok {
		newer.SetMultipathTCP(false)
	}
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w%s", err, remedy(err, addr))
	}
	return listener, nil
}

// remedy says what to do about an error of listen; empty if nothing better
// than the error itself is known.
func remedy(err error, addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("; stop what holds the port (ss -ltnp 'sport = :%s' shows it), or choose another with -addr", port)
	case errors.Is(err, syscall.EACCES):
		return "; use a port of 1024 or above, or run as root (CAP_NET_BIND_SERVICE)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "; no interface of this host has that address: leave the host out, as in -addr :" + port
	}
	return ""
}
