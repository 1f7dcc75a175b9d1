package pulse

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

// outcome is what became of a pulse, or of all of them.
type outcome struct {
	conns       int // to be opened
	connected   int
	start       time.Time     // of the first dial
	open        time.Time     // the last dial has ended
	held        time.Duration // from then to the first close
	end         time.Time     // all are closed
	served      served
	failed      tally // dials that brought no connection
	lost        tally // connections gone before they were closed
	interrupted bool  // the run was ended during this pulse
}

func newOutcome() outcome { return outcome{failed: tally{}, lost: tally{}} }

// add sums the counts; the times of a sum mean nothing and stay zero.
func (o *outcome) add(from outcome) {
	o.conns += from.conns
	o.connected += from.connected
	o.served.add(from.served)
	o.failed.add(from.failed)
	o.lost.add(from.lost)
	o.interrupted = o.interrupted || from.interrupted
}

func (o outcome) anyFailed() bool { return o.failed.sum()+o.lost.sum() > 0 }

// line is the pulse's line on stdout.
func (o outcome) line(p pulse) string {
	cut := ""
	if o.interrupted {
		cut = ", interrupted"
	}
	return fmt.Sprintf("%s: %d connected in %.2f s, %sheld %s s, %s%s",
		p.name(), o.connected, o.open.Sub(o.start).Seconds(), o.served.clause(), seconds(o.held), o.troubles(), cut)
}

// troubles says what went wrong: refused and lost always, other failures where
// there are any.
func (o outcome) troubles() string {
	text := strconv.Itoa(o.failed[refused]) + " refused"
	rest := maps.Clone(o.failed)
	delete(rest, refused)
	if len(rest) > 0 {
		text += ", " + rest.list()
	}
	text += ", " + strconv.Itoa(o.lost.sum()) + " lost"
	if len(o.lost) > 0 {
		text += " (" + o.lost.list() + ")"
	}
	return text
}

// totals is the last line on stdout.
func (o outcome) totals(pulses int) string {
	cut := ""
	if o.interrupted {
		cut = ", interrupted"
	}
	noun := "pulses"
	if pulses == 1 {
		noun = "pulse"
	}
	return fmt.Sprintf("total: %d %s, %d connected, %s%s", pulses, noun, o.connected, o.troubles(), cut)
}

// seconds is d to a hundredth, without trailing zeros: "4", "0.25".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Round(10*time.Millisecond).Seconds(), 'f', -1, 64)
}
