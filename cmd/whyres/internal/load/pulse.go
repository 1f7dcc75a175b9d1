package load

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// big and small are the kinds of pulses.
const (
	big   = "big"
	small = "small"
)

// Pulse is what pulse -json says of one, as far as it matters here.
type Pulse struct {
	Kind        string    `json:"kind"`
	Number      int       `json:"number"`
	Of          int       `json:"of"` // 0: no end
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"`
	Connections int       `json:"connections"`
	Connected   int       `json:"connected"`
	Lost        int       `json:"lost"`
	Interrupted bool      `json:"interrupted"`
	// Latencies are how many were measured, the others are in ns.
	Latencies int   `json:"latencies"`
	P50       int64 `json:"latency_p50_ns"`
	P99       int64 `json:"latency_p99_ns"`
}

// parse reads a line of pulse -json. Another line is no error: any load may print
// what it likes.
func parse(line []byte) (Pulse, bool) {
	var p Pulse
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &p) != nil {
		return Pulse{}, false
	}
	if p.Kind != big && p.Kind != small || p.Number < 1 || p.End.IsZero() {
		return Pulse{}, false
	}
	return p, true
}

// endsBurst reports whether it is the last big pulse.
func (p *Pulse) endsBurst() bool { return p.Kind == big && p.Of > 0 && p.Number >= p.Of }

// Latency is, of the small pulses that began at or after an instant and were
// neither cut short nor without an answer, the median of each one's p50 and p99, in
// ns. Why says what is missing where there is none.
func Latency(pulses []Pulse, from time.Time) (p50, p99 int64, why string) {
	var halves, slowest []int64
	smalls := 0
	for i := range pulses {
		p := &pulses[i]
		if p.Kind != small || p.Start.Before(from) {
			continue
		}
		smalls++
		if p.Latencies > 0 && !p.Interrupted {
			halves, slowest = append(halves, p.P50), append(slowest, p.P99)
		}
	}
	switch {
	case len(pulses) == 0:
		return 0, 0, "the load does not tell (pulse -json -latency does)"
	case smalls == 0:
		return 0, 0, "no small pulse was complete between the burst and the end"
	case len(halves) == 0:
		return 0, 0, "no connection of the small pulses was answered"
	}
	return median(halves), median(slowest), ""
}

func median(values []int64) int64 {
	slices.Sort(values)
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return values[n/2-1] + (values[n/2]-values[n/2-1])/2
}

// UnderWay reports whether one of the pulses had connections at that moment, as far as
// the load has told: one that is ended tells of the pulse that it breaks off.
func UnderWay(pulses []Pulse, at time.Time) bool {
	return slices.ContainsFunc(pulses, func(p Pulse) bool { return p.Start.Before(at) && at.Before(p.End) })
}

// Failures says in a line which connections failed or were lost, "" if none. The
// pulse that was under way when the load was ended does not count.
func Failures(pulses []Pulse) string {
	failed, lost, all, in := 0, 0, 0, ""
	for i := range pulses {
		p := &pulses[i]
		if p.Interrupted {
			continue
		}
		all += p.Connections
		if bad := max(p.Connections-p.Connected, 0); bad+p.Lost > 0 {
			failed, lost = failed+bad, lost+p.Lost
			if in == "" {
				in = fmt.Sprintf("%s pulse %d", p.Kind, p.Number)
			}
		}
	}
	if failed+lost == 0 {
		return ""
	}
	return fmt.Sprintf("of %d connections %d failed and %d were lost, the first in %s", all, failed, lost, in)
}

// Burst counts the connections of the big pulses: those wanted, and those that were
// made and not lost.
func Burst(pulses []Pulse) (wanted, served int) {
	for i := range pulses {
		if p := &pulses[i]; p.Kind == big {
			wanted, served = wanted+p.Connections, served+max(p.Connected-p.Lost, 0)
		}
	}
	return wanted, served
}

// Served fails where big pulses were made and none of their connections was.
func Served(pulses []Pulse) error {
	wanted, got := 0, 0
	for i := range pulses {
		if pulses[i].Kind == big {
			wanted, got = wanted+pulses[i].Connections, got+pulses[i].Connected
		}
	}
	if wanted > 0 && got == 0 {
		return fmt.Errorf("none of the load's %d connections was answered", wanted)
	}
	return nil
}
