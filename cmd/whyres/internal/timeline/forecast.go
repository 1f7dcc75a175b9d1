package timeline

import (
	"strconv"
	"strings"
	"time"

	"whyres/collector/explain"
	"whyres/collector/explain/clock"
	"whyres/collector/ledger"
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
	case m.ByGrowth:
		r.text = growthRow(m)
	case m.Stage == clock.Garbage && m.GC.Known():
		r.text = []clause{
			say(gcName(m.AfterGC) + " forced in " + windowIn(m.At, m.GC)),
			{full: "it tells what is garbage, up to " + size(m.UpTo) + " of new objects", short: "frees up to " + size(m.UpTo) + " of new objects"},
		}
	case m.Stage == clock.Garbage:
		r.text = []clause{
			tellsGarbage(m),
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

// tellsGarbage: of older objects, too, some may have died, which nothing bounds.
func tellsGarbage(m *clock.Made) clause {
	return say(gcName(m.AfterGC) + " tells what is garbage, up to " + size(m.UpTo) + " of new objects")
}

// growthRow tells of a GC that comes by the heap's growth.
func growthRow(m *clock.Made) []clause {
	comes := clause{full: "comes by the heap's growth", short: "as the heap grows"}
	if m.GrowsAt > m.At {
		in := ", in about " + roundly(m.GrowsAt.Sub(m.At))
		comes.full, comes.short = comes.full+in, comes.short+in
	}
	if m.Stage == clock.Garbage {
		return []clause{tellsGarbage(m), comes}
	}
	return []clause{say("about " + size(m.Bytes)), say("after " + gcName(m.AfterGC)), comes}
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

func gcName(n uint32) string { return "GC" + glue + ledger.Count(uint64(n)) }

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

// when says what a verdict expects, and when: a short sentence, then why.
func when(v *explain.Verdict) string {
	f := v.Forecast
	if f.Stage == clock.Garbage {
		text := "up to " + size(f.UpTo) + " of new objects, and what has died of the others, may turn out to be garbage with " + gcName(f.AfterGC)
		switch {
		case f.ByGrowth:
			text += ", " + byGrowth(v)
		case !f.GCEarliest.IsZero():
			text += ", forced " + within(f.GCEarliest, f.GCLatest) + inFrom(v.Time, f.GCEarliest)
		}
		return withWhy(text, f.Why)
	}
	text := "about " + size(f.Bytes) + " leave RES"
	if f.AfterGC != 0 {
		text += " after " + gcName(f.AfterGC)
	}
	switch {
	case f.ByGrowth:
		text += ", " + byGrowth(v)
	case f.Earliest.IsZero() && f.Latest.IsZero():
	case !f.SoonerEarliest.IsZero():
		text += ": " + within(f.SoonerEarliest, f.SoonerLatest) + inFrom(v.Time, f.SoonerEarliest) +
			" if the host is busy then, or else " + within(f.Earliest, f.Latest)
	default:
		text += " " + within(f.Earliest, f.Latest) + inFrom(v.Time, f.Earliest)
	}
	return withWhy(text, f.Why)
}

// byGrowth says how a GC comes that nobody forces.
func byGrowth(v *explain.Verdict) string {
	const text = "which comes by the heap's growth"
	if f := v.Forecast; f.GCAbout.After(v.Time) {
		return text + ", in about " + roundly(f.GCAbout.Sub(v.Time)) + " at the pace since the last"
	}
	return text
}

// roundly is a time that is only guessed, in whole seconds.
func roundly(d time.Duration) string {
	if d = max(d.Round(time.Second), time.Second); d < time.Minute {
		return strconv.Itoa(int(d/time.Second)) + glue + "s"
	}
	return span(d)
}

func within(from, to time.Time) string {
	if from.Equal(to) {
		return "at " + clockTime(from)
	}
	return "between " + clockTime(from) + " and " + clockTime(to)
}

// withWhy adds the reasons as a sentence of their own.
func withWhy(text, why string) string {
	if why == "" {
		return text + "."
	}
	return text + ". " + strings.ToUpper(why[:1]) + why[1:] + "."
}

func clockTime(t time.Time) string { return t.Format("15:04:05") }

func inFrom(now, then time.Time) string {
	if now.IsZero() || !then.After(now) {
		return ""
	}
	return " (in " + span(then.Sub(now)) + ")"
}
