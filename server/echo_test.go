package server

import (
	"bytes"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// answered sends text and returns as many bytes of the answer.
func answered(t *testing.T, conn net.Conn, text []byte) []byte {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(text); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len(text))
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestItAnswersWithWhatItIsSent(t *testing.T) {
	p := start(t, 0)
	conns := p.connect(3)
	for i, size := range []int{1, bufferSize, 10*bufferSize + 7} {
		for round := range 2 { // it goes on
			text := bytes.Repeat([]byte{byte('a' + i), byte('0' + round), 0}, size)[:size]
			if got := answered(t, conns[i], text); !bytes.Equal(got, text) {
				t.Errorf("%d bytes: answered %q", size, got)
			}
		}
	}
}

// The experiment's clients send nothing, and get nothing.
func TestItSaysNothingUnasked(t *testing.T) {
	p := start(t, 0, "-every", "1")
	conn := p.connect(1)[0]
	p.await(` 1 clients`)
	if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !os.IsTimeout(err) {
		t.Errorf("read %d bytes, %v, want none for 200 ms", n, err)
	}
}

// A client that asks and never reads the answers is let go when it leaves.
func TestWhoDoesNotListenIsLetGo(t *testing.T) {
	p := start(t, 0, "-every", "1")
	conn := p.connect(1)[0]
	if err := conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	text, sent := make([]byte, 1<<20), 0
	for {
		n, err := conn.Write(text)
		sent += n
		if err != nil {
			if !os.IsTimeout(err) {
				t.Fatal(err)
			}
			break
		}
		if sent > 1<<30 {
			t.Fatal("the server takes for ever what nobody reads back")
		}
	}
	_ = conn.Close()
	p.await(`Cycle #  1:     0 clients`)
}
