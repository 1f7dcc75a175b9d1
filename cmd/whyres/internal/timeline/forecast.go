package timeline

import (
	"time"

	"whyres/collector/explain"
	"whyres/collector/explain/clock"
	"whyres/collector/mem"
)

// tell gives what was foretold, or how that held, a row of its own.
func (g *grouper) tell(sayings []clock.Saying) {
	for i := range sayings {
		b := g.start(key{kind: kindForecast, serial: g.next()}, sayings[i].At, 0, 0)
		b.saying = &sayings[i]
		b.child = true // it is no doing of the target: no columns
	}
}

// forecastRow tells a forecast that was made, or its outcome.
func forecastRow(s *clock.Saying, r row) row {
	if o := s.Outcome; o != nil {
		return outcomeRow(o, r)
	}
	m := s.Made
	r.sign, r.word, r.tone = signWait, "next", toneGC
	switch {
	case m.Stage == clock.Garbage && m.GC.Known():
		r.text = []clause{
			say(gcName(m.AfterGC) + " forced in " + windowIn(m.At, m.GC)),
			{full: "it tells what is garbage, " + size(m.UpTo) + " at most", short: "frees " + size(m.UpTo) + " at most"},
		}
	case m.Stage == clock.Garbage:
		r.text = []clause{
			say(gcName(m.AfterGC) + " tells what is garbage, " + size(m.UpTo) + " at most"),
			{full: "no time can be told: the first GC comes when the heap has grown", short: "no time can be told"},
		}
	default:
		r.text = []clause{say("about " + size(m.Bytes)), say(in(m.At, m.When))}
		if m.Sooner.Known() {
			r.text = append(r.text, clause{full: "or at " + span(m.Sooner.From.Sub(m.At)) + " with the GC itself", short: "or a minute sooner"})
		}
		if m.AfterGC != 0 {
			r.text = append(r.text, say("after "+gcName(m.AfterGC)))
		}
	}
	return r
}

// outcomeRow tells how a forecast held.
func outcomeRow(o *clock.Outcome, r row) row {
	said := "said " + size(o.Bytes) + " from " + since(o.When.From, r.zero) + " to " + since(o.When.To, r.zero)
	if o.Sooner.Known() {
		said += ", or from " + since(o.Sooner.From, r.zero) + " to " + since(o.Sooner.To, r.zero)
	}
	r.word = "forecast"
	if o.Held {
		r.sign, r.tone = signHeld, toneReturn
		r.text = []clause{
			{full: "held: " + said, short: "held: said " + size(o.Bytes) + " by " + since(o.When.To, r.zero)},
			say(size(o.Released) + " left RES"),
		}
		return r
	}
	r.sign, r.tone = signMissed, toneTrouble
	r.text = []clause{
		{full: "missed: " + said, short: "missed: said " + size(o.Bytes) + " by " + since(o.When.To, r.zero)},
		say(size(o.Released) + " left RES"),
	}
	if o.Early {
		r.text[1] = say(size(o.Released) + " left RES sooner")
	}
	return r
}

func gcName(n uint32) string { return "GC" + glue + count(uint64(n)) }

// in says when from now: "2m00s to 2m14s from now", "within 9.4 s".
func in(now mem.Instant, w clock.Window) string {
	switch {
	case !w.Known():
		return "no time can be told"
	case w.From.Sub(now) < time.Second:
		return "within " + span(w.To.Sub(now))
	}
	return windowIn(now, w) + " from now"
}

func windowIn(now mem.Instant, w clock.Window) string {
	from := max(0, w.From.Sub(now))
	if from < time.Second {
		return "at most " + span(w.To.Sub(now))
	}
	return span(from) + " to " + span(w.To.Sub(now))
}

// when says what a verdict expects, and when.
func when(v *explain.Verdict) string {
	f := v.Forecast
	text := "about " + size(f.Bytes) + " leave RES"
	if f.Stage == clock.Garbage {
		text = "up to " + size(f.UpTo) + " may turn out to be garbage with GC" + glue + count(uint64(f.AfterGC))
		if !f.GCEarliest.IsZero() {
			text += ", forced between " + clockTime(f.GCEarliest) + " and " + clockTime(f.GCLatest) + inFrom(v.Time, f.GCEarliest)
		}
		return withWhy(text, f.Why)
	}
	if f.AfterGC != 0 {
		text += " after GC" + glue + count(uint64(f.AfterGC))
	}
	switch {
	case f.Earliest.IsZero() && f.Latest.IsZero():
	case f.Earliest.Equal(f.Latest):
		text += " at " + clockTime(f.Earliest) + inFrom(v.Time, f.Earliest)
	default:
		text += " between " + clockTime(f.Earliest) + " and " + clockTime(f.Latest) + inFrom(v.Time, f.Earliest)
		if !f.SoonerEarliest.IsZero() {
			text += ", or already between " + clockTime(f.SoonerEarliest) + " and " + clockTime(f.SoonerLatest)
		}
	}
	return withWhy(text, f.Why)
}

func withWhy(text, why string) string {
	if why == "" {
		return text
	}
	return text + ": " + why
}

func clockTime(t time.Time) string { return t.Format("15:04:05") }

func inFrom(now, then time.Time) string {
	if now.IsZero() || !then.After(now) {
		return ""
	}
	return " (in " + span(then.Sub(now)) + " at the soonest)"
}
