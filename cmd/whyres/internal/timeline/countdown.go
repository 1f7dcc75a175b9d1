package timeline

import (
	"io"
	"strings"
	"time"

	"whyres/collector/explain/clock"
	"whyres/collector/mem"
)

// countdown is the line below the last row that says how long it is until memory
// is expected to go. It is drawn over each second, by the frames' own time, and
// makes room for each row.
type countdown struct {
	on    bool
	shown string
}

// What a terminal is told (ECMA-48): to the first column, erase the line.
const clearLine = "\r\x1b[K"

// over writes rows in place of the line, and the line anew below them. Without
// rows and with the same line as before it writes nothing.
func (c *countdown) over(w io.Writer, rows, line string) error {
	if rows == "" && line == c.shown {
		return nil
	}
	text := rows
	if c.shown != "" {
		text = clearLine + text
	}
	c.shown = line
	_, err := io.WriteString(w, text+line)
	return err
}

// waiting is the line: no longer than the terminal is wide, as it must not wrap.
func (p *printer) waiting(m *clock.Made, now mem.Instant) string {
	if m == nil {
		return ""
	}
	text := waitingText(m, now)
	if text == "" {
		return ""
	}
	text = "  " + signWait.String() + " " + strings.ReplaceAll(text, glue, " ")
	return p.paint.line([]piece{{toneGC, cutEnd(text, max(p.options.Width-1, 1))}})
}

// waitingText counts down in whole seconds; "" once its time is over.
func waitingText(m *clock.Made, now mem.Instant) string {
	if m.Stage == clock.Garbage {
		if !m.GC.Known() || now > m.GC.To {
			return ""
		}
		return "in " + until(now, m.GC) + ": " + gcName(m.AfterGC) + ", which frees up to " + size(m.UpTo) + " of new objects"
	}
	if !m.When.Known() || now > m.When.To {
		return ""
	}
	text := "in " + until(now, m.When) + ": about " + size(m.Bytes) + " leave RES"
	if m.AfterGC != 0 {
		text += " after " + gcName(m.AfterGC)
	}
	if m.Sooner.Known() && now <= m.Sooner.To {
		text += ", or in " + until(now, m.Sooner) + " with the GC itself"
	}
	return text
}

// until is "1m12s", or how much of the window is left.
func until(now mem.Instant, w clock.Window) string {
	if left := w.From.Sub(now); left > 0 {
		return span((left + time.Second - 1).Truncate(time.Second))
	}
	return "the next " + span((w.To.Sub(now) + time.Second - 1).Truncate(time.Second))
}
