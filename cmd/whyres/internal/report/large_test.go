package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/report"
	"whyres/collector/mem"
)

const (
	eventsInAll = 200_000
	largestPage = 10 << 20 // bytes
	longestOpen = 3 * time.Second
)

// A recording of 200,000 events by construction: its page is small and opens fast, what
// it draws sums to what was recorded, and it says what it has thinned out.
func manyEvents(t *testing.T, c *chromium) {
	r := gather(t, "r0", many(eventsInAll))
	page := html(t, r)
	if len(page) > largestPage {
		t.Errorf("the page takes %d bytes, at most %d are wanted", len(page), largestPage)
	}
	notes := strings.Join(r.Notes, "\n")
	if want := "calls and other happenings. The tables count each"; !strings.Contains(notes, want) || !strings.Contains(notes, "readings: in each") {
		t.Errorf("not said that it was thinned out: %q", notes)
	}
	b := c.open(t, page, 1400, "light")
	t.Logf("%d events: page of %d bytes, open after %v", eventsInAll, len(page), b.opened)
	if b.opened > longestOpen {
		t.Errorf("open after %v, want %v", b.opened, longestOpen)
	}
	type sums struct{ Calls, Asked, Left float64 }
	got := eval[sums](b, `(() => { const m = whyres.byID.r0.marks, sum = (c) => c.reduce((a, b) => a + b, 0);
		return {Calls: sum(m.calls), Asked: sum(m.asked), Left: sum(m.left)} })()`)
	var want sums
	for _, f := range many(eventsInAll) {
		if f.Event != nil {
			want.Calls++
			want.Asked += float64(f.Event.Len)
			want.Left -= float64(f.Event.Attributed)
		}
	}
	if got != want {
		t.Errorf("the marks sum to %+v, the recording to %+v", got, want)
	}
	// A zoom draws anew what is thinned out less.
	drawn := eval[float64](b, `(() => { const v = whyres.byID.r0.view, from = performance.now(); v.show(v.stop * 0.4, v.stop * 0.41); return performance.now() - from })()`)
	if drawn > 500 {
		t.Errorf("a zoom takes %v ms", drawn)
	}
	b.screenshot("many")
}

// What a target is called is whatever stands there: none of it becomes markup or code.
func hostileNames(t *testing.T, c *chromium) {
	const evil = `</script><script>window.evil=1</script><img src=x onerror="window.evil=2">` + "\u2028\u2029\x00\x1b[31m\xff'\"&amp;{{.}}"
	frames := []mem.Frame{header(evil)}
	h := frames[0].Header
	h.Process.Exe, h.Process.GoVersion, h.Host.Kernel, h.Host.THP, h.Missing = evil, evil, evil, evil, []string{evil}
	s := sample(0, 50*mib, mem.MemStats{Source: evil, HeapSys: 60 * mib, HeapInuse: 20 * mib, Sys: 70 * mib})
	s.Sample.Smaps = &mem.Smaps{Rss: 50 * mib, Anonymous: 50 * mib}
	s.Sample.VMAs = []mem.VMA{{Range: mem.Range{Start: 0x1000, End: 0x1000 + 64*mib}, Perms: evil, Path: evil, Rss: 50 * mib, Anonymous: 50 * mib}}
	e := event(1e9, evil, evil, evil, 1, 50*mib, 4096)
	e.Event.Errno, e.Event.Stack, e.Event.Ret = evil, []string{evil}, -1
	frames = append(frames, s, e,
		mem.Frame{At: began + 2e9, Mark: &mem.Mark{At: began + 2e9, Kind: mem.MarkGC, PID: 42, NumGC: 1, Why: evil}},
		mem.Frame{At: began + 3e9, Lost: &mem.Lost{At: began + 3e9, Total: 3, New: 3, Reasons: map[string]uint64{evil: 3}}},
		mem.Frame{At: began + 4e9, Mark: &mem.Mark{At: began + 4e9, Kind: mem.MarkEnd, PID: 42, Why: evil}})
	g := report.NewGatherer(1)
	for _, f := range frames {
		if err := g.Frame(f); err != nil {
			t.Fatal(err)
		}
	}
	page := html(t, g.Recording("r0", evil, report.Damage{}, words()))
	b := c.open(t, page, 1400, "light")
	if eval[bool](b, `"evil" in window`) {
		t.Error("a name ran as code")
	}
	if n := eval[int](b, `document.images.length`); n != 0 {
		t.Errorf("a name became %d pictures", n)
	}
	scripts := strings.Count(string(page), "<script")
	if n := eval[int](b, `document.scripts.length`); n != scripts {
		t.Errorf("%d scripts, of %d in the file", n, scripts)
	}
	for _, part := range []float64{0.25, 0.5, 0.75, 1} {
		eval[bool](b, fmt.Sprintf(`(whyres.byID.r0.view.point(%f, whyres.byID.r0.view.charts[0]), true)`, part*4e9))
	}
	eval[bool](b, `(document.querySelectorAll("details").forEach((d) => { d.open = true }), true)`)
	if eval[bool](b, `"evil" in window || document.images.length > 0`) {
		t.Error("a name became markup in a box or a table")
	}
	for _, raw := range []string{"\x1b", "\u2028", "<img src=x"} {
		if i := strings.Index(string(page), raw); i >= 0 {
			t.Errorf("%q stands in the page as it is, at %d: %q", raw, i, page[max(i-150, 0):i+20])
		}
	}
	b.screenshot("hostile")
}
