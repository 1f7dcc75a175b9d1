package pulse

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"strings"
	"testing"
	"time"
)

// slowly answers every tenth connection late by slow, never the one after it,
// and the others at once, then keeps all of them.
const slow = 300 * time.Millisecond

func slowly(n int, conn *net.TCPConn) {
	heard := hear(conn)
	if n%10 == 0 {
		time.Sleep(slow)
	}
	_, _ = conn.Write([]byte{heard})
	untilTheyLeave(n, conn)
}

// objectsOf decodes the lines of -json, each by itself.
func objectsOf(t *testing.T, text string) (pulses []pulseObject, total sum) {
	t.Helper()
	for line := range strings.Lines(text) {
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if strings.HasPrefix(line, `{"total":`) {
			var object totalObject
			if err := decoder.Decode(&object); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			total = object.Total
			continue
		}
		var object pulseObject
		if err := decoder.Decode(&object); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		pulses = append(pulses, object)
	}
	return pulses, total
}

// The peer knows how late it is: of 200 connections 20, so that the median was
// answered at once and the 99th percentile late.
func TestLatencyIsTheServersDelay(t *testing.T) {
	p := listenOn(t, "127.0.0.1:0", slowly)
	begin := time.Now()
	code, stdout, stderr := load(t, p.addr(), "-json -latency -dials 8 -big 200 -i 1 -small 100 -rounds 1 -bs 0 -l 0.2")
	end := time.Now()
	if code != exitDone || stderr != "" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	pulses, total := objectsOf(t, stdout)
	if len(pulses) != 2 {
		t.Fatalf("%d pulses, want 2:\n%s", len(pulses), stdout)
	}
	for i, want := range []pulseObject{{Kind: "big", Number: 1, Of: 1}, {Kind: "small", Number: 1, Of: 1}} {
		got, conns := pulses[i], 200-100*i
		if got.Kind != want.Kind || got.Number != want.Number || got.Of != want.Of || got.Connections != conns || got.Connected != conns {
			t.Errorf("%+v, want %s %d of %d, %d connected", got, want.Kind, want.Number, want.Of, conns)
		}
		if got.Latencies == nil || *got.Latencies != conns || got.P50 <= 0 || got.P50 >= slow.Nanoseconds() ||
			got.P99 < slow.Nanoseconds() || got.Slowest < got.P99 || got.Slowest > end.Sub(begin).Nanoseconds() {
			t.Errorf("%+v, want %d latencies, half of them below %v, one in ten above", got, conns, slow)
		}
		if got.Start.Before(begin) || got.Open.Sub(got.Start) < slow || got.End.Sub(got.Open) < 200*time.Millisecond || got.End.After(end) {
			t.Errorf("%v, %v, %v between %v and %v, held 0.2 s", got.Start, got.Open, got.End, begin, end)
		}
		begin = got.End
	}
	if total.Pulses != 2 || total.Connections != 300 || total.Connected != 300 || *total.Latencies != 300 ||
		total.P50 != 0 || total.Slowest != max(pulses[0].Slowest, pulses[1].Slowest) {
		t.Errorf("total %+v", total)
	}
	if accepted, _, _ := p.settled(300); accepted != 300 {
		t.Errorf("the listener counted %d connections, want 300", accepted)
	}
}

// A peer that hangs up unanswered, one that answers something else: neither is
// connected, each is counted.
func TestWhoIsNotAnsweredIsNotConnected(t *testing.T) {
	p := listenOn(t, "127.0.0.1:0", func(n int, conn *net.TCPConn) {
		heard := hear(conn)
		switch n % 5 {
		case 0:
			return
		case 1:
			heard++
		}
		_, _ = conn.Write([]byte{heard})
		untilTheyLeave(n, conn)
	})
	code, stdout, _ := load(t, p.addr(), "-json -latency -big 50 -i 1 -small 0 -l 0.1")
	pulses, total := objectsOf(t, stdout)
	if code != exitFailed || len(pulses) != 1 {
		t.Fatalf("exit %d, %s", code, stdout)
	}
	want := tally{closed: 10, misheard: 10}
	if got := pulses[0]; got.Connected != 30 || *got.Latencies != 30 || !maps.Equal(got.Failed, want) || got.Refused != 0 || got.Lost != 0 {
		t.Errorf("%+v, want 30 connected and failed %v", got, want)
	}
	if !maps.Equal(total.Failed, want) {
		t.Errorf("total %+v", total)
	}
}

func TestJSONOfRefusedAndLost(t *testing.T) {
	p := listenOn(t, "127.0.0.1:0", func(int, *net.TCPConn) { time.Sleep(200 * time.Millisecond) })
	code, stdout, _ := load(t, p.addr(), "-json -big 20 -i 1 -small 0 -l 0.5")
	pulses, _ := objectsOf(t, stdout)
	if code != exitFailed || pulses[0].Connected != 20 || pulses[0].Lost != 20 || pulses[0].LostBecause[closed] != 20 {
		t.Errorf("exit %d, %s", code, stdout)
	}
	if strings.Contains(stdout, "latenc") {
		t.Errorf("latencies that nobody measured: %s", stdout)
	}
	_ = p.listener.Close()
	_, stdout, _ = load(t, p.addr(), "-json -big 20 -i 1 -small 0")
	pulses, total := objectsOf(t, stdout)
	if got := pulses[0]; got.Refused != 20 || got.Failed[refused] != 20 || got.Connected != 0 || total.Refused != 20 {
		t.Errorf("%s", stdout)
	}
}

// heard notes what the listener had counted whenever something is written.
type heard struct {
	bytes.Buffer
	p      *peer
	counts []int
}

func (h *heard) Write(text []byte) (int, error) {
	h.p.mu.Lock()
	h.counts = append(h.counts, h.p.accepted)
	h.p.mu.Unlock()
	return h.Buffer.Write(text)
}

// Who reads along knows of a pulse before the next one begins.
func TestJSONComesPulseByPulse(t *testing.T) {
	p := listenOn(t, "127.0.0.1:0", untilTheyLeave)
	out := heard{p: p}
	args := strings.Fields("-json -big 30 -i 2 -bs 0.2 -small 0 -l 0.2 -addr " + p.addr())
	if code := Run(t.Context(), args, &out, io.Discard); code != exitDone {
		t.Errorf("exit %d", code)
	}
	if len(out.counts) != 3 || out.counts[0] != 30 || out.counts[1] != 60 || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("written when the listener had counted %v, want 30, 60, 60:\n%s", out.counts, out.String())
	}
}
