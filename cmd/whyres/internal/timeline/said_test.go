package timeline

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/mem"
)

// TestVerdictSaysWhen: a verdict on an old sample never says "now", and numbers
// that mean "none" are left out.
func TestVerdictSaysWhen(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*explain.Verdict)
		has, hasNo string
	}{
		"now":               {func(v *explain.Verdict) { v.SampleAge = int64(99 * time.Millisecond) }, "where RES is now ", "before the end"},
		"then":              {func(v *explain.Verdict) { v.SampleAge = int64(300 * time.Millisecond) }, "where RES was, 0.3 s before the end ", "RES is now"},
		"a GC then":         {func(v *explain.Verdict) { v.SampleAge = int64(300 * time.Millisecond) }, "GC 5, 1m12s before the end", "ago · next"},
		"a GC just now":     {func(v *explain.Verdict) { v.LastGCAgo = int64(49 * time.Millisecond) }, "GC 5, just now · next at 25.1", " ago ·"},
		"a GC not just now": {func(v *explain.Verdict) { v.LastGCAgo = int64(150 * time.Millisecond) }, "GC 5, 0.1 s ago · ", "just now"},
		"ended":             {func(v *explain.Verdict) { v.Ended = true }, "where RES was at the end ", "Do: "},
		"GOGC off":          {func(v *explain.Verdict) { v.MemStats.NextGC, v.MemStats.GCPercent = math.MaxInt64-1<<45, -1 }, "GOGC off", "next at"},
		"no MemStats":       {func(v *explain.Verdict) { v.MemStats.Sys = 0 }, "gc-clock", "MemStats"},
	} {
		v := judged()
		c.change(v)
		var out bytes.Buffer
		if err := Verdict(&out, Options{}, v, nil); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.Contains(got, c.has) || strings.Contains(got, c.hasNo) {
			t.Errorf("%s: want %q and no %q:\n%s", name, c.has, c.hasNo, got)
		}
	}
	v := judged()
	v.SampleAge = int64(300 * time.Millisecond)
	var out bytes.Buffer
	if err := Verdict(&out, Options{Width: 40}, v, nil); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		checkLine(t, Options{Width: 40}, strings.TrimSuffix(line, "\n"))
	}
	if !strings.Contains(out.String(), "    where RES was, 0.3 s before the end\n") {
		t.Errorf("40 columns:\n%s", out.String())
	}
}

// TestSkippedIsNoLoss: runs of the programs that the kernel left out are no
// lost events.
func TestSkippedIsNoLoss(t *testing.T) {
	skipped := func(n uint64) []mem.Frame {
		return tell(func(s *teller) {
			s.add(mem.Frame{At: at(2), Lost: &mem.Lost{At: at(2), Skipped: n}})
			s.add(mem.Frame{At: at(3), Lost: &mem.Lost{At: at(3), Skipped: n}})
		})
	}
	for n, want := range map[uint64]string{
		0:  "    lost events 0 · whyres used",
		1:  "    lost events 0 · the kernel skipped 1 run of the programs, of any process · whyres used",
		12: "    lost events 0 · the kernel skipped 12 runs of the programs, of any process · whyres used",
	} {
		got := render(t, Options{}, skipped(n))
		if !strings.Contains(got, want) || strings.Contains(got, "!") {
			t.Errorf("%d skipped: want %q:\n%s", n, want, got)
		}
	}
}

// TestUnseen: a call whose return was not seen was not refused.
func TestUnseen(t *testing.T) {
	lines, _, g := rowsOf(tell(func(s *teller) {
		for i := range 2 {
			e := release(4, mem.WhoForced)
			e.Errno, e.Ret, e.Notes = "unknown", -1, []string{mem.NoteNoReturn, mem.NoteRSSUnknown}
			s.call(2+float64(i)/100, 0, e)
			s.frames[len(s.frames)-1].Event.After = mem.RSS{}
		}
	}))
	want := startRow + "\n+2.00s 10.0 ? unseen | madvise DONTNEED ×2: their returns were not seen · asked 8.0 MiB · FreeOSMemory"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if g.totals.refused != 0 || g.totals.unmeasured != 2 {
		t.Errorf("refused %d, not measured %d, want 0 and 2", g.totals.refused, g.totals.unmeasured)
	}
}
