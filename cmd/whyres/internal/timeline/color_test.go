package timeline

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"whyres/collector/mem"
)

// TestColourAddsNothing: without its colours a line says the same, and each row
// has a sign and a word.
func TestColourAddsNothing(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, w := range []int{0, 40, 80, 120} {
		plain := render(t, Options{Width: w}, story())
		colored := render(t, Options{Width: w, Color: true}, story())
		if !strings.Contains(colored, "\x1b[") {
			t.Errorf("width %d: no colours", w)
		}
		if stripped := escapes.ReplaceAllString(colored, ""); stripped != plain {
			t.Errorf("width %d: with colours:\n%s\nwithout:\n%s", w, stripped, plain)
		}
	}
	_, rows, _ := rowsOf(story())
	for _, r := range rows {
		if r.word == "" || r.sign.String() == "" || (r.sign == signDot) != (r.tone == toneDim || r.tone == tonePlain) {
			t.Errorf("row %+v: a sign without its word or its colour", r)
		}
	}
}

// TestNotGo: a process without a Go runtime has no columns for its heap.
func TestNotGo(t *testing.T) {
	frames := story()
	frames[0].Header.Process.GoVersion = ""
	for _, f := range frames {
		if f.Sample != nil {
			f.Sample.MemStats, f.Sample.GoProblem = nil, "not a Go program"
		}
	}
	got := render(t, Options{Width: 120}, frames)
	if strings.Contains(got, "released") || strings.Contains(got, "no heap numbers") || !strings.Contains(got, "not Go") {
		t.Errorf("got\n%s", got)
	}
}

// TestLayoutsKeepTheirOrder: as the terminal gets narrower, columns go in one
// order, and the text keeps its room.
func TestLayoutsKeepTheirOrder(t *testing.T) {
	columns := func(l layout) int {
		n := 0
		for _, on := range []bool{l.change, l.idle, l.inUse, l.released, l.unit} {
			if !on {
				break
			}
			n++
		}
		for i, on := range []bool{l.change, l.idle, l.inUse, l.released, l.unit} {
			if on && i >= n {
				t.Errorf("width %d: a column is left that should have gone first: %+v", l.width, l)
			}
		}
		return n
	}
	last := 5
	for w := 200; w >= 20; w-- {
		l := newLayout(w, true)
		n := columns(l)
		if n > last {
			t.Errorf("width %d shows more columns than %d", w, w+1)
		}
		if !l.below && w-l.text < leastText {
			t.Errorf("width %d leaves %d for the text", w, w-l.text)
		}
		last = n
	}
	if l := newLayout(120, true); columns(l) != 5 {
		t.Errorf("120 columns do not show everything: %+v", l)
	}
	if l := newLayout(80, true); l.below || !l.change {
		t.Errorf("80 columns: %+v", l)
	}
}

// TestErrorOfWriterStays: a closed pipe is said once, by every later call.
func TestErrorOfWriterStays(t *testing.T) {
	tl := New(brokenPipe{}, Options{})
	err := tl.Frame(mem.Frame{Header: &mem.Header{}})
	if err == nil || !errors.Is(tl.Close(), err) || !errors.Is(tl.Flush(), err) {
		t.Errorf("got %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

var errPipe = errors.New("broken pipe")
