package pulse

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// teller says what became of the pulses. Nothing waits in a buffer: who reads
// along sees each pulse when it has ended.
type teller interface {
	pulse(p pulse, result outcome)
	total(pulses int, sum outcome)
}

// lines tells in words, a line each.
type lines struct{ w io.Writer }

func (l lines) pulse(p pulse, result outcome) { _, _ = fmt.Fprintln(l.w, result.line(p)) }
func (l lines) total(pulses int, sum outcome) { _, _ = fmt.Fprintln(l.w, sum.totals(pulses)) }

// objects tells in JSON, a line each.
type objects struct{ w io.Writer }

// pulseObject is a pulse as -json shows it; its times are RFC 3339, UTC.
type pulseObject struct {
	Kind   string    `json:"kind"`
	Number int       `json:"number"`
	Of     int       `json:"of"`
	Start  time.Time `json:"start"`
	Open   time.Time `json:"open"`
	End    time.Time `json:"end"`
	counts
}

type totalObject struct {
	Total sum `json:"total"`
}

type sum struct {
	Pulses int `json:"pulses"`
	counts
}

// counts are what a pulse and the totals have in common.
type counts struct {
	Connections int   `json:"connections"`
	Connected   int   `json:"connected"`
	Refused     int   `json:"refused"`
	Failed      tally `json:"failed"`
	Lost        int   `json:"lost"`
	LostBecause tally `json:"lost_because"`
	Interrupted bool  `json:"interrupted"`
	// Latencies is nil without -latency, the others 0 where none was measured.
	Latencies *int  `json:"latencies,omitempty"`
	P50       int64 `json:"latency_p50_ns,omitempty"`
	P99       int64 `json:"latency_p99_ns,omitempty"`
	Slowest   int64 `json:"latency_max_ns,omitempty"`
}

func (o objects) pulse(p pulse, result outcome) {
	o.write(pulseObject{
		Kind: p.kind, Number: p.number, Of: p.of,
		Start: result.start.UTC(), Open: result.open.UTC(), End: result.end.UTC(),
		counts: countsOf(result),
	})
}

func (o objects) total(pulses int, total outcome) {
	o.write(totalObject{sum{pulses, countsOf(total)}})
}

func (o objects) write(object any) {
	_ = json.NewEncoder(o.w).Encode(object) // a reader that is gone has seen enough
}

func countsOf(o outcome) counts {
	c := counts{
		Connections: o.conns,
		Connected:   o.connected,
		Refused:     o.failed[refused],
		Failed:      o.failed,
		Lost:        o.lost.sum(),
		LostBecause: o.lost,
		Interrupted: o.interrupted,
		P50:         o.served.p50.Nanoseconds(),
		P99:         o.served.p99.Nanoseconds(),
		Slowest:     o.served.slowest.Nanoseconds(),
	}
	if o.served.measured {
		c.Latencies = &o.served.count
	}
	return c
}
