package load

import (
	"strings"
	"testing"
	"time"
)

func at(second int) time.Time { return time.Unix(1_800_000_000+int64(second), 0).UTC() }

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		ok   bool
		ends bool
	}{
		{`{"kind":"big","number":3,"of":3,"start":"2026-11-24T20:00:00Z","end":"2026-11-24T20:00:05Z","connections":10,"connected":9}`, true, true},
		{`{"kind":"big","number":2,"of":3,"start":"2026-11-24T20:00:00Z","end":"2026-11-24T20:00:05Z"}`, true, false},
		{`{"kind":"big","number":2,"of":0,"end":"2026-11-24T20:00:05Z"}`, true, false},
		{`{"kind":"small","number":3,"of":3,"end":"2026-11-24T20:00:05Z"}`, true, false},
		{`{"kind":"big","number":3,"of":3}`, false, false},
		{`{"total":{"pulses":3}}`, false, false},
		{`{"kind":"big","number":"3"}`, false, false},
		{`big 1/3: 10 connected`, false, false},
		{``, false, false},
	} {
		p, ok := parse([]byte(c.line))
		if ok != c.ok || p.endsBurst() != c.ends {
			t.Errorf("%s: %v, ends the burst: %v", c.line, ok, p.endsBurst())
		}
	}
}

func TestLatency(t *testing.T) {
	small := func(start, n int, p50, p99 int64) Pulse {
		return Pulse{Kind: "small", Number: 1, Start: at(start), End: at(start + 1), Latencies: n, P50: p50, P99: p99}
	}
	cut := small(9, 5, 900, 900)
	cut.Interrupted = true
	big := Pulse{Kind: "big", Number: 1, Of: 1, Start: at(0), End: at(5), Latencies: 10, P50: 5000, P99: 5000}
	for _, c := range []struct {
		name     string
		pulses   []Pulse
		p50, p99 int64
		why      string
	}{
		{"the one in the middle", []Pulse{big, small(5, 9, 1, 30), small(6, 9, 3, 10), small(7, 9, 2, 20)}, 2, 20, ""},
		{"between two", []Pulse{big, small(5, 9, 10, 100), small(6, 9, 20, 300)}, 15, 200, ""},
		{"neither before the burst's end nor cut short", []Pulse{big, small(4, 9, 70, 70), small(5, 9, 1, 2), cut}, 1, 2, ""},
		{"a load of another kind", nil, 0, 0, "the load does not tell"},
		{"none after the burst", []Pulse{big}, 0, 0, "no small pulse was complete"},
		{"none that was answered", []Pulse{big, small(6, 0, 0, 0)}, 0, 0, "no connection of the small pulses was answered"},
	} {
		p50, p99, why := Latency(c.pulses, at(5))
		if p50 != c.p50 || p99 != c.p99 || !strings.HasPrefix(why, c.why) || (why == "") != (c.why == "") {
			t.Errorf("%s: %d, %d, %q", c.name, p50, p99, why)
		}
	}
}

func TestFailuresAndServed(t *testing.T) {
	good := Pulse{Kind: "big", Number: 1, Connections: 10, Connected: 10}
	bad := Pulse{Kind: "small", Number: 2, Connections: 10, Connected: 7, Lost: 2}
	none := Pulse{Kind: "big", Number: 1, Connections: 10}
	cut := Pulse{Kind: "small", Number: 3, Connections: 10, Interrupted: true}
	for _, c := range []struct {
		pulses   []Pulse
		failures string
		served   bool
	}{
		{[]Pulse{good, cut}, "", true},
		{[]Pulse{good, bad, bad}, "of 30 connections 6 failed and 4 were lost, the first in small pulse 2", true},
		{[]Pulse{none}, "of 10 connections 10 failed and 0 were lost, the first in big pulse 1", false},
		{nil, "", true},
	} {
		if got := Failures(c.pulses); got != c.failures {
			t.Errorf("%q, want %q", got, c.failures)
		}
		if err := Served(c.pulses); (err == nil) != c.served {
			t.Errorf("%+v: %v", c.pulses, err)
		}
	}
}

func TestBurstCountsWhatWasServed(t *testing.T) {
	pulses := []Pulse{
		{Kind: "big", Connections: 10, Connected: 9, Lost: 2},
		{Kind: "big", Connections: 10, Connected: 10},
		{Kind: "small", Connections: 5, Connected: 1},
	}
	if wanted, served := Burst(pulses); wanted != 20 || served != 17 {
		t.Errorf("%d of %d, want 17 of 20", served, wanted)
	}
}

func TestUnderWay(t *testing.T) {
	at := time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)
	pulses := []Pulse{{Start: at, End: at.Add(time.Second)}, {Start: at.Add(3 * time.Second), End: at.Add(4 * time.Second)}}
	for after, want := range map[time.Duration]bool{500: true, 2000: false, 3900: true, 5000: false} {
		if got := UnderWay(pulses, at.Add(after*time.Millisecond)); got != want {
			t.Errorf("%d ms: %v", after, got)
		}
	}
}
