package report_test

import (
	"bytes"
	"fmt"
	"image/color"
	"testing"

	"github.com/chromedp/chromedp"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/report"
	"whyres/collector/mem"
)

// pulse is a recording that rises to peak at so many ns, and falls ten seconds later.
func pulse(peak, at int64) []mem.Frame {
	m := mem.MemStats{Source: "memory", HeapSys: uint64(peak)}
	return []mem.Frame{
		header("pulse"), sample(0, 10*mib, m), sample(at, peak, m), sample(at+10e9, 10*mib, m), sample(at+30e9, 10*mib, m),
	}
}

// Curves of several recordings are laid over each other, at the start or where they
// fall; each has its own part, which is drawn when it is opened.
func severalRecordings(t *testing.T, c *chromium) {
	page := html(t, gather(t, "r0", pulse(100*mib, 5e9)), gather(t, "r1", pulse(60*mib, 9e9)))
	b := c.open(t, page, 1400, "light")
	img := b.screenshot("several")
	at := b.box("#over")
	for i, want := range []color.RGBA{colorRES, colorIdle} {
		if n := colored(img, at, want); n < int(at.W/3) {
			t.Errorf("curve %d: %d pixels", i, n)
		}
	}
	b.do(chromedp.MouseClickXY(b.center(`[data-align="fall"]`)))
	for i, want := range []float64{15e9, 19e9} {
		// What was at the fall is at 0 now.
		first := eval[float64](b, fmt.Sprintf("whyres.overLines[%d].at[0]", i))
		if first != -want {
			t.Errorf("curve %d begins %v ns before its fall, want %v", i, first, want)
		}
	}
	if n := eval[int](b, `document.querySelectorAll("#r1 canvas").length`); n != 0 {
		t.Errorf("a part that is folded has %d charts", n)
	}
	b.do(chromedp.MouseClickXY(b.center(`[data-fold="r1"] summary`)))
	eval[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	img = b.screenshot("several-open")
	at = b.box("#r1-time")
	if n := colored(img, at, colorRES); n < int(at.W/3) {
		t.Errorf("an opened part has %d pixels of RES", n)
	}
}

// A lab's measures are bars in the order of its rows, as long as their medians say.
func labBars(t *testing.T, c *chromium) {
	spread := func(v float64) lab.Spread { return lab.Spread{Median: v, Min: 0.9 * v, Max: 1.1 * v, N: 3} }
	row := func(id string, peak, latency float64) lab.Row {
		return lab.Row{
			Setting: lab.Setting{ID: id, Name: id}, Status: lab.StatusDone, Runs: []lab.Run{{Number: 1, Status: lab.StatusDone}},
			Measures: lab.Measures[lab.Spread]{Peak: spread(peak), LatencyP99: spread(latency)},
		}
	}
	r := &lab.Result{
		Schema: lab.Schema, Runs: 3, Goal: lab.GoalRES, Recommendation: []string{"GOGC=50 is best.", "It costs latency."},
		Rows: []lab.Row{row("gogc-50", 50*mib, 4e6), row("default", 100*mib, 3e6)},
	}
	p := report.Page{Title: "lab", Lab: report.NewLab(r, words())}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	b := c.open(t, out.Bytes(), 1400, "light")
	img := b.screenshot("bars")
	best, other := color.RGBA{0x00, 0x81, 0x5f, 255}, color.RGBA{0x46, 0x89, 0xc3, 255}
	at := b.box("#bars .mini .chart")
	a, z := colored(img, at, best), colored(img, at, other)
	if a < 500 || float64(z) < 1.8*float64(a) || float64(z) > 2.2*float64(a) {
		t.Errorf("the bars of 50 and 100 MiB have %d and %d pixels", a, z)
	}
	if n := eval[int](b, `document.querySelectorAll("#bars .mini").length`); n != 2 {
		t.Errorf("%d measures are drawn, two were measured", n)
	}
}
