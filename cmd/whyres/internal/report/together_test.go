package report_test

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"
	"slices"
	"strings"
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
	first, second := gather(t, "r0", pulse(100*mib, 5e9)), gather(t, "r1", pulse(60*mib, 9e9))
	first.Settled(20e9)
	second.Settled(30e9)
	page := html(t, first, second)
	b := c.open(t, page, 1400, "light")
	img := b.screenshot("several")
	at := b.box("#over")
	for i, want := range []color.RGBA{colorRES, colorIdle} {
		if n := colored(img, at, want); n < int(at.W/3) {
			t.Errorf("curve %d: %d pixels", i, n)
		}
	}
	// The recordings end at 35 and 39 s; what they are laid by is at 0.
	for where, begins := range map[string][2]float64{"start": {0, 0}, "peak": {5e9, 9e9}, "fall": {15e9, 19e9}, "burst": {15e9, 9e9}} {
		b.do(chromedp.MouseClickXY(b.center(`[data-align="` + where + `"]`)))
		for i, want := range begins {
			if got := eval[float64](b, fmt.Sprintf("whyres.overLines[%d].at[0]", i)); got != -want {
				t.Errorf("at the %s: curve %d begins at %v ns, want %v", where, i, got, -want)
			}
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
	// Each whisker is three lines, at its own bar.
	const whiskers = `JSON.stringify([...document.querySelectorAll("#bars .mini .chart")].map((el) => echarts.getInstanceByDom(el).getZr().storage.getDisplayList()
		.filter((x) => x.type === "line" && x.style.lineWidth === 1.3).length))`
	if got := eval[string](b, whiskers); got != "[6,6]" {
		t.Errorf("lines of whiskers: %s", got)
	}
	// The first chart has the whole width until the second is there: it keeps no whisker
	// that it then has no room for.
	r.Rows[1].Measures.Peak.Min, r.Rows[1].Measures.Peak.Max = 99.9*mib, 100.1*mib
	out.Reset()
	if err := (&report.Page{Title: "lab", Lab: report.NewLab(r, words())}).Write(&out); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](c.open(t, out.Bytes(), 1400, "light"), whiskers); got != "[3,6]" {
		t.Errorf("lines of whiskers, one with no room: %s", got)
	}
	if n := eval[int](b, `document.querySelectorAll("#bars .mini").length`); n != 2 {
		t.Errorf("%d measures are drawn, two were measured", n)
	}
}

// A row whose burst was not whole had less to hold: it is not best by that. Each
// failure is told once, beside a run that was done too.
func TestLabTellsWhatIsNotCompared(t *testing.T) {
	done := func(n int, bytes float64) lab.Run {
		return lab.Run{Number: n, Status: lab.StatusDone, Measures: lab.Measures[*float64]{Peak: &bytes}}
	}
	short := done(1, 30*mib)
	short.Burst = &lab.Burst{Wanted: 100, Served: 60}
	failed := func(n int, why string) lab.Run { return lab.Run{Number: n, Status: lab.StatusFailed, Problem: why} }
	r := &lab.Result{
		Schema: lab.Schema, Runs: 3, Servers: 1, Goal: lab.GoalRES,
		Rows: lab.Rows([]lab.Setting{{ID: "default", Name: "default"}, {ID: "short", Name: "short"}, {ID: "none", Name: "none"}}),
	}
	r.Host.Kernel, r.Host.CPUModel, r.Host.CPUs = "6.18", "Some CPU", 2
	for id, runs := range map[string][]lab.Run{
		"default": {done(1, 100*mib), failed(2, "died"), failed(3, "hung")}, "short": {short}, "none": {failed(1, "gone"), failed(2, "gone"), failed(3, "lost")},
	} {
		for _, run := range runs {
			r.Add(id, run)
		}
	}
	l := report.NewLab(r, words())
	var told []string
	for _, row := range l.Problems.Rows {
		told = append(told, row.Cells[0]+": "+row.Cells[2])
	}
	slices.Sort(told)
	if want := []string{"default, run 2: died", "default, run 3: hung", "none, run 3: lost", "none: gone"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if !strings.Contains(l.Where, "2 CPUs, Some CPU") || strings.Contains(l.Where, "THP") {
		t.Errorf("where: %s", l.Where)
	}
	var out bytes.Buffer
	if err := (&report.Page{Title: "lab", Lab: l}).Write(&out); err != nil {
		t.Fatal(err)
	}
	good := regexp.MustCompile(`"name":"(\w+)"[^{}]*"good":true`).FindAllStringSubmatch(out.String(), -1)
	if len(good) != 1 || good[0][1] != "default" {
		t.Errorf("best are %q", good)
	}
}
