package report_test

import (
	"bytes"
	"fmt"
	"image/color"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"whyres/collector/mem"
)

// Colours of the style sheet, light.
var (
	colorRES   = color.RGBA{0x0b, 0x63, 0xb0, 255}
	colorInUse = color.RGBA{0x00, 0x72, 0xb2, 255}
	colorIdle  = color.RGBA{0xc7, 0x6b, 0x00, 255} // HeapIdle
	colorFree  = color.RGBA{0xe6, 0x9f, 0x00, 255} // free and not released, of RES
	colorCard  = color.RGBA{0x16, 0x1e, 0x27, 255} // dark
)

// All that needs a browser, in one.
func TestInBrowser(t *testing.T) {
	c := start(t)
	for name, test := range map[string]func(*testing.T, *chromium){
		"SeveralRecordings": severalRecordings, "LabBars": labBars,
		"ChartsAreDrawn":      chartsAreDrawn,
		"HoverTellsTheSample": hoverTellsTheSample,
		"HoverTellsTheCalls":  hoverTellsTheCalls,
		"Zoom":                zoom,
		"ReadingsByKeyboard":  readingsByKeyboard,
		"DarkAndLight":        darkAndLight,
		"Widths":              widths,
		"Print":               print,
		"ManyEvents":          manyEvents,
		"HostileNames":        hostileNames,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}

// Each chart is drawn where it belongs: its own colours are there, in lines as wide as
// the chart and no more than a part of it.
func chartsAreDrawn(t *testing.T, c *chromium) {
	b := c.open(t, html(t, gather(t, "r0", recorded(t, "go1.27-hold.whyres.zst"))), 1400, "light")
	img := b.screenshot("hold")
	time := b.box("#r0-time")
	res, stats := time, time
	res.H, stats.Y, stats.H = time.H*0.4, time.Y+time.H*0.6, time.H*0.38
	for _, c := range []struct {
		name    string
		at      box
		color   color.RGBA
		atLeast int
	}{
		{"RES", res, colorRES, int(time.W / 3)},
		{"MemStats", stats, colorIdle, int(time.W / 3)},
		{"what RES was made of", b.box("#r0-ledger"), colorFree, 5000},
		{"the address space", b.box("#r0-space"), colorInUse, 500},
	} {
		if n := colored(img, c.at, c.color); n < c.atLeast || n > int(c.at.W*c.at.H*0.7) {
			t.Errorf("%s: %d pixels of its colour in %v, want %d or more", c.name, n, c.at, c.atLeast)
		}
	}
}

// tipBytes is the exact value of a line in the box at the cursor.
func (b *browser) tipBytes(chart, line string) string {
	b.t.Helper()
	return eval[string](b, `document.querySelector('`+chart+` .tip [data-of="`+line+`"]')?.dataset.bytes ?? "no such line"`)
}

// The box says what the recording's own sample has: the last one before the cursor.
func hoverTellsTheSample(t *testing.T, c *chromium) {
	frames := recorded(t, "go1.27-hold.whyres.zst")
	b := c.open(t, html(t, gather(t, "r0", frames)), 1400, "light")
	at := b.to("#r0-time")
	zero := frames[0].Header.Mono
	told := 0
	for i, f := range frames[:len(frames)-1] {
		// Between this sample and the next nothing else was read.
		next := frames[i+1].Sample
		if f.Sample == nil || f.Sample.MemStats == nil || next == nil || next.At-f.Sample.At < 50e6 || told == 12 {
			continue
		}
		told++
		middle := int64((f.Sample.At+next.At)/2 - zero)
		x := eval[float64](b, fmt.Sprintf(`whyres.byID.r0.view.charts[0].pixelAt(%d)`, middle))
		b.do(chromedp.MouseEvent(chromedp.MouseMoved, at.X+x, at.Y+120))
		m := f.Sample.MemStats
		for line, want := range map[string]int64{
			"res": f.Sample.RSS.Total(), "heap_sys": int64(m.HeapSys), "heap_inuse": int64(m.HeapInuse), "heap_idle": int64(m.HeapIdle),
			"heap_released": int64(m.HeapReleased), "stack_inuse": int64(m.StackInuse),
		} {
			if got := b.tipBytes("#r0-time", line); got != strconv.FormatInt(want, 10) {
				t.Errorf("%s at +%d ns: the page says %s, the sample %d", line, middle, got, want)
			}
		}
	}
	if told < 3 {
		t.Fatalf("only %d samples stood by themselves", told)
	}
}

// The box tells what happened there: who asked for how much, and what left.
func hoverTellsTheCalls(t *testing.T, c *chromium) {
	frames := []mem.Frame{header("calls"), sample(0, 100*mib, mem.MemStats{Source: "memory", HeapSys: 100 * mib})}
	frames = append(frames,
		event(5e9, mem.Madvise, "MADV_DONTNEED", mem.WhoBackground, 30*mib, 100*mib, 20*mib),
		event(5e9+2000, mem.Madvise, "MADV_DONTNEED", mem.WhoBackground, 10*mib, 80*mib, 5*mib),
		sample(10e9, 75*mib, mem.MemStats{Source: "memory", HeapSys: 100 * mib}))
	b := c.open(t, html(t, gather(t, "r0", frames)), 1400, "light")
	at := b.to("#r0-time")
	x := eval[float64](b, `whyres.byID.r0.view.charts[0].pixelAt(5e9)`)
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, at.X+x, at.Y+120))
	got := eval[string](b, `document.querySelector("#r0-time .tip-note").textContent`)
	if want := "madvise DONTNEED ×2 · background scavenger · asked 40.0 MiB, left RES 25.0 MiB"; got != want {
		t.Errorf("the box says %q, want %q", got, want)
	}
}

// shown is the stretch of time that a recording's charts show, in ns.
func (b *browser) shown() [2]float64 {
	b.t.Helper()
	return eval[[2]float64](b, `[whyres.byID.r0.view.from, whyres.byID.r0.view.to]`)
}

func zoom(t *testing.T, c *chromium) {
	b := c.open(t, html(t, gather(t, "r0", recorded(t, "go1.27-hold.whyres.zst"))), 1400, "light")
	all := b.shown()
	at := b.to("#r0-time")
	pixel := func(part float64) float64 {
		return at.X + eval[float64](b, fmt.Sprintf(`whyres.byID.r0.view.charts[0].pixelAt(%f)`, all[0]+part*(all[1]-all[0])))
	}
	near := func(what string, got [2]float64, from, to float64) {
		t.Helper()
		length := all[1] - all[0]
		for i, want := range [2]float64{from, to} {
			if d := (got[i]-all[0])/length - want; d < -0.01 || d > 0.01 {
				t.Errorf("%s: shows %v of %v, want %v to %v of it", what, got, all, from, to)
				return
			}
		}
	}
	a, z := pixel(0.25), pixel(0.75)
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, a, at.Y+100),
		chromedp.MouseEvent(chromedp.MousePressed, a, at.Y+100, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(chromedp.MouseMoved, (a+z)/2, at.Y+110, chromedp.ButtonLeft),
		chromedp.MouseEvent(chromedp.MouseMoved, z, at.Y+110, chromedp.ButtonLeft),
		chromedp.MouseEvent(chromedp.MouseReleased, z, at.Y+110, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	near("dragged over its middle", b.shown(), 0.25, 0.75)
	// Every chart of the recording shows the same time: the library's own axes say so.
	axes := eval[[]float64](b, `["time", "ledger", "space"].flatMap((k) => echarts.getInstanceByDom(document.getElementById("r0-" + k)).getOption().xAxis.flatMap((x) => [x.min, x.max]))`)
	for i, v := range axes {
		if want := b.shown()[i%2] / 1e9; v < want-1e-6 || v > want+1e-6 {
			t.Errorf("axis %d ends at %v s, want %v s", i, v, want)
		}
	}
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent("+"))
	near("+", b.shown(), 0.375, 0.625)
	b.do(chromedp.KeyEvent(kb.ArrowRight))
	near("right", b.shown(), 0.425, 0.675)
	b.do(chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft))
	near("left twice", b.shown(), 0.325, 0.575)
	b.do(chromedp.KeyEvent("-"))
	near("-", b.shown(), 0.2, 0.7)
	b.do(chromedp.KeyEvent("0"))
	near("0", b.shown(), 0, 1)
	b.do(chromedp.KeyEvent("-"))
	near("- of all", b.shown(), 0, 1)
	eval[bool](b, fmt.Sprintf(`document.getElementById("r0-time").dispatchEvent(new WheelEvent("wheel", {deltaY: -200, clientX: %f, clientY: 100, bubbles: true, cancelable: true}))`, pixel(0.5)))
	if got := b.shown(); got[1]-got[0] > 0.8*(all[1]-all[0]) {
		t.Errorf("the wheel left it at %v of %v", got, all)
	}
	b.do(chromedp.MouseClickXY(b.center(`[data-do="reset"]`)))
	near("the button", b.shown(), 0, 1)
}

func (b *browser) center(selector string) (x, y float64) {
	at := b.to(selector)
	return at.X + at.W/2, at.Y + at.H/2
}

// By keyboard alone the cursor goes from reading to reading, and each is told to those
// who do not see it.
func readingsByKeyboard(t *testing.T, c *chromium) {
	frames := []mem.Frame{header("keys")}
	for i := range int64(5) {
		frames = append(frames, sample(i*1e9, (10+i)*mib, mem.MemStats{Source: "memory", HeapSys: 100 * mib}))
	}
	b := c.open(t, html(t, gather(t, "r0", frames)), 1400, "light")
	eval[bool](b, `(document.getElementById("r0-time").focus(), true)`)
	for i := range 4 {
		b.do(chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(chromedp.ModifierShift)))
		if got, want := b.tipBytes("#r0-time", "res"), strconv.Itoa((10+i)*mib); got != want {
			t.Errorf("reading %d: %s, want %s", i, got, want)
		}
	}
	b.do(chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift)))
	live := eval[string](b, `document.getElementById("r0-live").textContent`)
	if want := "+2.00 s"; len(live) < len(want) || live[:len(want)] != want {
		t.Errorf("told %q", live)
	}
}

func darkAndLight(t *testing.T, c *chromium) {
	b := c.open(t, html(t, gather(t, "r0", recorded(t, "go1.27-hold.whyres.zst"))), 1400, "dark")
	at := b.box("#r0-time")
	img := b.screenshot("dark")
	if n := colored(img, at, colorCard); n < int(at.W*at.H/2) {
		t.Errorf("dark: %d pixels of the dark ground", n)
	}
	if n := colored(img, at, colorRES); n > 200 {
		t.Errorf("dark: %d pixels of the light theme's line", n)
	}
	b.do(chromedp.MouseClickXY(b.center("#theme")))
	img = b.screenshot("dark-to-light")
	if n := colored(img, b.box("#r0-time"), colorRES); n < int(at.W/3) {
		t.Errorf("light by the button: %d pixels of its line", n)
	}
}

// Nothing stands out of the page on a telephone, nor on a wide screen.
func widths(t *testing.T, c *chromium) {
	page := html(t, gather(t, "r0", recorded(t, "go1.27-hold.whyres.zst")))
	for _, width := range []int64{360, 1600} {
		b := c.open(t, page, width, "light")
		if got := eval[float64](b, `document.documentElement.scrollWidth`); got > float64(width) {
			t.Errorf("%d px wide: the page takes %v", width, got)
		}
		img := b.screenshot(fmt.Sprintf("width-%d", width))
		if n := colored(img, b.box("#r0-time"), colorRES); n < int(width/4) {
			t.Errorf("%d px wide: %d pixels of RES", width, n)
		}
	}
}

// Printed, the charts are there, in light colours, whatever the screen has.
func print(t *testing.T, c *chromium) {
	b := c.open(t, html(t, gather(t, "r0", recorded(t, "go1.27-hold.whyres.zst"))), 1400, "dark")
	eval[bool](b, `(addEventListener("beforeprint", () => { window.printed = document.documentElement.dataset.theme; }), true)`)
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Count(pdf, []byte("/Subtype /Image")) < 3 {
		t.Errorf("%d bytes, with %d pictures: want the three charts", len(pdf), bytes.Count(pdf, []byte("/Subtype /Image")))
	}
	if got := eval[string](b, `window.printed + " " + document.documentElement.dataset.theme`); got != "light dark" {
		t.Errorf("printed in, and then back to: %s", got)
	}
}
