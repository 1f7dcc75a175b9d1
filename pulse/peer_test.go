package pulse

import (
	"io"
	"maps"
	"net"
	"sync"
	"testing"
	"time"
)

// peer is a listener that counts for itself: the oracle of these tests.
type peer struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu       sync.Mutex
	accepted int
	open     int
	peak     int
	from     map[string]int
}

// untilTheyLeave is the treatment of a connection that is kept.
func untilTheyLeave(_ int, conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) }

// newPeer serves listener; treat says what it does with connection n, from 0,
// before it closes it.
func newPeer(listener net.Listener, treat func(n int, conn *net.TCPConn)) *peer {
	p := &peer{listener: listener, from: map[string]int{}}
	p.serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.enter(conn)
			p.serving.Go(func() {
				treat(n, conn.(*net.TCPConn))
				p.leave()
				_ = conn.Close()
			})
		}
	})
	return p
}

// listenOn starts a peer that ends with the test.
func listenOn(t *testing.T, addr string, treat func(n int, conn *net.TCPConn)) *peer {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(listener, treat)
	t.Cleanup(func() {
		_ = listener.Close()
		p.serving.Wait()
	})
	return p
}

func (p *peer) enter(conn net.Conn) {
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted++
	p.open++
	p.peak = max(p.peak, p.open)
	p.from[host]++
}

func (p *peer) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
}

func (p *peer) addr() string { return p.listener.Addr().String() }

// settled waits until want clients, or more, have come and all have left, and
// returns what was counted, also where that never happened.
func (p *peer) settled(want int) (accepted, peak int, from map[string]int) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		p.mu.Lock()
		done := p.accepted >= want && p.open == 0
		p.mu.Unlock()
		if done {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted, p.peak, maps.Clone(p.from)
}
