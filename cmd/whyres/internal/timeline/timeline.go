package timeline

import (
	"io"
	"time"

	"whyres/collector/explain/clock"
	"whyres/collector/mem"
)

// Options say where the lines are shown.
type Options struct {
	// Width is the terminal's in columns; 0 is a pipe: no limit.
	Width int
	// Color allows colours; it is the caller who knows about terminals and
	// NO_COLOR.
	Color bool
	// ASCII replaces the signs by ASCII, for terminals without UTF-8.
	ASCII bool
	// Verbose gives each call a row of its own, and each part of RES all that
	// there is to say.
	Verbose bool
	// Brief leaves out the sentences beside the parts of RES.
	Brief bool
	// Live counts down, on the line below the last row, to when memory is
	// expected to go: for terminals that lines can be erased on.
	Live bool
}

// Timeline is a sink that prints frames as they come.
type Timeline struct {
	w     io.Writer
	lines *printer
	group *grouper
	clock clock.Watch
	cpu   time.Duration
	wait  countdown
	now   mem.Instant
	// How far the end has come: the rows are finished, the verdict is
	// printed, all is done.
	finished, judged, done bool
	err                    error
}

// New makes a Timeline on w. It keeps nothing that a frame points to.
func New(w io.Writer, o Options) *Timeline {
	t := &Timeline{w: w, lines: newPrinter(o), wait: countdown{on: o.Live && o.Width > 0}}
	t.group = newGrouper(o.Verbose, t.lines.row)
	return t
}

// Frame takes the next frame and prints the rows that it completes. The error
// is the writer's; the first one stays.
func (t *Timeline) Frame(f mem.Frame) error {
	if t.finished || t.err != nil {
		return t.err
	}
	if f.Header != nil {
		t.lines.header(f.Header)
	}
	t.group.frame(f)
	t.group.tell(t.clock.Frame(f))
	t.now = max(t.now, f.At)
	return t.flush()
}

// Flush is here for the collector's sinks: rows are passed on as they become
// complete, and time comes from the frames alone.
func (t *Timeline) Flush() error { return t.err }

// Overhead tells the CPU time that whyres itself has used, for the last line.
func (t *Timeline) Overhead(cpu time.Duration) { t.cpu = cpu }

// Close prints the rows that are still open, and the totals, unless Verdict has
// said these. It does not close the writer.
func (t *Timeline) Close() error {
	if t.done {
		return t.err
	}
	t.finish()
	t.done = true
	if !t.judged {
		t.lines.releases(&t.group.totals)
	}
	t.lines.footer(&t.group.totals, t.cpu)
	return t.flush()
}

// finish prints the rows that are still open and how long it all took, once.
func (t *Timeline) finish() {
	if t.finished {
		return
	}
	t.finished = true
	t.group.finish()
	t.lines.summary(&t.group.totals)
}

// flush passes on whole lines in one write, and draws the countdown below them.
func (t *Timeline) flush() error {
	if t.err != nil {
		return t.err
	}
	line := ""
	if t.wait.on && !t.finished {
		line = t.lines.waiting(t.clock.Open(), t.now)
	}
	t.err = t.wait.over(t.w, t.lines.out.String(), line)
	t.lines.out.Reset()
	return t.err
}
