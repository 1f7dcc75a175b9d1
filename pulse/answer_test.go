package pulse

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// asked is what ask says of a peer that does that, and how long it took.
func asked(ctx context.Context, t *testing.T, peer func(conn net.Conn)) (took time.Duration, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go peer(theirs)
	begin := time.Now()
	err = ask(ctx, ours)
	return time.Since(begin), err
}

// hear reads the question.
func hear(conn net.Conn) byte {
	text := make([]byte, 100)
	if n, err := conn.Read(text); n != 1 || err != nil {
		return 0
	}
	return text[0]
}

func TestAnAnswerIsAwaited(t *testing.T) {
	tests := []struct {
		name string
		peer func(conn net.Conn)
		want reason // none: it is answered
		took time.Duration
	}{
		{"at once", func(conn net.Conn) { _, _ = conn.Write([]byte{hear(conn)}) }, "", 0},
		{"late", func(conn net.Conn) {
			heard := hear(conn)
			time.Sleep(9 * time.Second)
			_, _ = conn.Write([]byte{heard})
		}, "", 9 * time.Second},
		{"never", func(conn net.Conn) { hear(conn) }, silent, 10 * time.Second},
		{"not even heard", func(net.Conn) {}, silent, 10 * time.Second},
		{"another", func(conn net.Conn) { _, _ = conn.Write([]byte{hear(conn) + 1}) }, misheard, 0},
		{"gone", func(conn net.Conn) {
			hear(conn)
			_ = conn.Close()
		}, closed, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, err := asked(t.Context(), t, test.peer)
				if (err == nil) != (test.want == "") || err != nil && reasonOf(err) != test.want {
					t.Errorf("%v, want it counted as %q", err, test.want)
				}
				if took != test.took {
					t.Errorf("after %v, want %v", took, test.took)
				}
			})
		})
	}
}

func TestAnInterruptEndsTheWaitForAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		took, err := asked(ctx, t, func(conn net.Conn) { hear(conn) })
		if took != 3*time.Second || !isInterrupt(ctx, err) {
			t.Errorf("%v after %v, want an interrupt after 3s", err, took)
		}
	})
}
