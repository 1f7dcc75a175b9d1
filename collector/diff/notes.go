package diff

import (
	"fmt"
	"time"

	"whyres/collector/ledger"
)

// notes say what cannot be compared, and what still can.
func notes(a, b *Side) []string {
	out := []string{}
	if x, y := a.Verdict.Process.Comm, b.Verdict.Process.Comm; x != y {
		out = append(out, fmt.Sprintf("A is of %s, B of %s: two programs, so that a difference need not be the system's", x, y))
	}
	for _, s := range [...]struct {
		name string
		*Side
	}{{"A", a}, {"B", b}} {
		out = append(out, s.lacks(s.name)...)
	}
	x, y := a.about().Duration, b.about().Duration
	if a.Course.Readings > 0 && b.Course.Readings > 0 && !near(x, y, larger(x, y)/4) {
		out = append(out, fmt.Sprintf("A lasts %s, B %s: what is told of the end is of two different times",
			ledger.Lasted(time.Duration(x)), ledger.Lasted(time.Duration(y))))
	}
	return out
}

// counted is a number with its noun and verb.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// shortRest is how long RES must have stood still for its last reading to be one
// at rest.
const shortRest = 2 * time.Second

func (s *Side) lacks(name string) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, name+fmt.Sprintf(format, args...)) }
	c := &s.Course
	switch {
	case c.Readings == 0:
		say(" holds no reading of RES: only the host and the program can be compared")
	case c.Duration == 0:
		say(" is of one instant: how RES went cannot be compared, only what it was")
	case c.GivenBack > 0 && c.Half != nil && c.Still < int64(shortRest):
		say(": RES was still moving when it ended: at rest is what it was last")
	}
	switch {
	case c.Readings == 0:
	case !s.traced():
		say(" holds no calls (explain, or the kernel gave none): the calls and the phases cannot be compared")
	case !s.looked():
		say(" holds no sample: the causes and the parts of RES cannot be compared")
	}
	if s.traced() && s.Verdict.Lost > 0 {
		say(": %s lost: its sums over calls are at least what they say", counted(int(min(s.Verdict.Lost, 1<<62)), "event was", "events were"))
	}
	if s.Cut {
		say(" is cut short: what it was after that is not known, so that neither side is called better")
	}
	if s.Damaged > 0 {
		say(": %s left out", counted(s.Damaged, "damaged line was", "damaged lines were"))
	}
	return out
}
