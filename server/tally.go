package server

// firstCycle is the number of the first cycle: people count from one.
const firstCycle = 1

// moment is the state that one log line reports.
type moment struct {
	cycle   int // the cycle's number, from firstCycle
	clients int // connections open
}

// tally counts clients and cycles. A cycle is the time from the first client
// to the instant the last one has left.
type tally struct {
	every int // a moment is reported when clients is a multiple of this
	moment
}

func newTally(every int) tally {
	return tally{every: every, moment: moment{cycle: firstCycle}}
}

// arrive counts one client in. It returns the moment after it and whether that
// is one to report.
func (t *tally) arrive() (moment, bool) {
	t.clients++
	return t.moment, t.atMultiple()
}

// leave counts one client out. The moment at which the last client is gone
// still belongs to the cycle that it ends.
func (t *tally) leave() (moment, bool) {
	t.clients--
	now, report := t.moment, t.atMultiple()
	if t.clients == 0 {
		t.cycle++
	}
	return now, report
}

// atMultiple holds upwards and downwards alike, and at zero. Clients come and
// go one at a time, so no multiple can be jumped over.
func (t *tally) atMultiple() bool { return t.clients%t.every == 0 }
