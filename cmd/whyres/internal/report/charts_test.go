package report_test

import (
	"bytes"
	"fmt"
	"image/color"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

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
		"SeveralRecordings": severalRecordings,
		"HeapPieces":        heapPieces, "LabBars": labBars,
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

// A piece of the heap is divided as its pages are: a quarter in use, half of it free.
func heapPieces(t *testing.T, c *chromium) {
	s := sample(0, 40*mib, mem.MemStats{Source: "memory", HeapSys: 64 * mib})
	p := &mem.GoPages{ChunkBytes: 4 * mib, Agrees: true, Arenas: []mem.Range{mem.RangeAt(0xc000000000, 64*mib)}}
	for i := range mem.Addr(16) {
		p.Chunks = append(p.Chunks, mem.GoChunk{
			At: 0xc000000000 + i*4*mib, InUse: mem.Share{mib, mib}, Idle: mem.Share{2 * mib, 2 * mib}, Released: mem.Share{mib, 0},
		})
	}
	s.Sample.Pages, s.Sample.Smaps = p, &mem.Smaps{Rss: 48 * mib}
	s.Sample.VMAs = []mem.VMA{{Range: p.Arenas[0], Perms: "rw-p", Rss: 48 * mib}}
	b := c.open(t, html(t, gather(t, "r0", []mem.Frame{header("heap"), s, sample(10e9, 40*mib, mem.MemStats{})})), 1400, "light")
	img, at := b.screenshot("heap"), b.box("#r0-space")
	inUse, idle := colored(img, at, colorInUse), colored(img, at, colorFree)
	if inUse < 5000 || float64(idle) < 1.5*float64(inUse) || float64(idle) > 2.5*float64(inUse) {
		t.Errorf("%d pixels in use, %d free", inUse, idle)
	}
	at = b.to("#r0-space")
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, at.X+at.W/2, at.Y+at.H/2))
	if got := b.tipBytes("#r0-space", "resident"); got != strconv.Itoa(3*mib) {
		t.Errorf("resident of a piece: %s", got)
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
