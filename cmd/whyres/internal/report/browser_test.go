package report_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is the browser: all tests share one, each in tabs of its own.
type chromium struct{ ctx context.Context }

// start starts the browser; where there is none the test is left out.
func start(t *testing.T) *chromium {
	t.Helper()
	path := installed(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &chromium{ctx}
}

func installed(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("WHYRES_NEED") != "" {
		t.Fatal("chromium is not installed")
	}
	t.Skip("chromium is not installed: the page is not opened in a browser")
	return ""
}

// browser is a tab with a page, and what went wrong there.
type browser struct {
	t   *testing.T
	ctx context.Context
	// opened is how long it took until the charts were drawn.
	opened time.Duration

	mu       sync.Mutex
	troubles []string
	requests []string
}

// open opens the page from its file in a tab of its own, and waits until its charts
// are drawn. At the end of the test nothing may have gone wrong, and nothing been asked
// for but the file.
func (c *chromium) open(t *testing.T, html []byte, width int64, scheme string) *browser {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, html, 0o600); err != nil {
		t.Fatal(err)
	}
	b := c.tab(t)
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, 900))
	began := time.Now()
	b.do(chromedp.Navigate("file://" + path))
	eval[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(document.documentElement.dataset.ready === "true"))))`)
	b.opened = time.Since(began)
	t.Cleanup(func() { b.quiet(path) })
	return b
}

// tab is an empty one, whose troubles are listened to.
func (c *chromium) tab(t *testing.T) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(c.ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		second(chromedp.Call(ctx, network.Enable, network.EnableParams{})), second(chromedp.Call(ctx, log.Enable, struct{}{})),
		second(chromedp.Call(ctx, runtime.Enable, struct{}{})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func second[T any](_ T, err error) error { return err }

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.troubles = append(b.troubles, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case *runtime.EventConsoleAPICalled:
		text := string(e.Type)
		for _, a := range e.Args {
			text += " " + string(a.Value) + a.Description
		}
		b.troubles = append(b.troubles, text)
	case *log.EventEntryAdded:
		b.troubles = append(b.troubles, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// quiet: nothing was asked for but the page, and nothing was said on the console.
func (b *browser) quiet(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.troubles {
		b.t.Errorf("the browser says: %s", text)
	}
	opened := false
	for _, url := range b.requests {
		opened = opened || url == "file://"+path
		if url != "file://"+path && !strings.HasPrefix(url, "data:") {
			b.t.Errorf("the page asked for %s", url)
		}
	}
	if !opened {
		b.t.Errorf("not even the page was seen to be opened, in %q", b.requests)
	}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// eval is what a JavaScript expression comes to.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// screenshot is the whole page as it is drawn. With WHYRES_SHOTS it is also kept in
// that folder, to be looked at.
func (b *browser) screenshot(name string) image.Image {
	b.t.Helper()
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if dir := os.Getenv("WHYRES_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600); err != nil {
			b.t.Error(err)
		}
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}

// box is where something stands on the page, in pixels from its top left.
type box struct{ X, Y, W, H float64 }

func (b *browser) box(selector string) box {
	b.t.Helper()
	return eval[box](b, `(() => { const r = document.querySelector('`+selector+`').getBoundingClientRect();
		return {X: r.x + scrollX, Y: r.y + scrollY, W: r.width, H: r.height} })()`)
}

// to puts the middle of something into the window, and returns where it is there.
func (b *browser) to(selector string) box {
	b.t.Helper()
	eval[bool](b, `(document.querySelector('`+selector+`').scrollIntoView({block: "center"}), true)`)
	return eval[box](b, `(() => { const r = document.querySelector('`+selector+`').getBoundingClientRect();
		return {X: r.x, Y: r.y, W: r.width, H: r.height} })()`)
}

// colored counts the pixels of a region that are near a colour.
func colored(img image.Image, at box, want color.RGBA) (n int) {
	near := func(a uint32, b uint8) bool { d := int(a>>8) - int(b); return d > -24 && d < 24 }
	for y := int(at.Y); y < int(at.Y+at.H); y++ {
		for x := int(at.X); x < int(at.X+at.W); x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			if near(r, want.R) && near(g, want.G) && near(bl, want.B) {
				n++
			}
		}
	}
	return n
}
