package report_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"whyres/collector/mem"
)

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
