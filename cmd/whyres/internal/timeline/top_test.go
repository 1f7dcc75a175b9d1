package timeline

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"whyres/collector/summary"
)

// tenMiB is a size of so many tenths of a MiB.
func tenMiB(tenths int64) summary.Size { return summary.Size{Bytes: tenths * mib / 10, Known: true} }

func topFixture() *Top {
	row := func(pid int, comm, version, group string, res, live, garbage, free, back int64, why string, part int64) TopRow {
		return TopRow{PID: pid, Comm: comm, GoVersion: version, Group: group, Line: summary.Line{
			RES: res * mib / 10, Live: tenMiB(live), Garbage: tenMiB(garbage), Free: tenMiB(free), GoesBack: tenMiB(back),
			Why: summary.Reason{Words: why, Bytes: part * mib / 10}, Full: true,
		}}
	}
	hostile := row(77, "a\x1b[2J\n\xff", "go1.26.8 X:greenteagc,nodwarf5", "", 12, 1, 0, 2, 2, "files", 9)
	hostile.Unsteady = true
	hostile.Live = summary.Size{}
	return &Top{
		At: time.Date(2026, 11, 24, 14, 2, 10, 0, time.UTC),
		Rows: []TopRow{
			row(981, "agent", "go1.15.7", "3f4ac1b2d9e8", 2103, 220, 12, 1844, 1844, "MADV_FREE, till memory is short", 1500),
			row(4242, "server", "go1.26.8", "", 402, 39, 14, 241, 221, "dense chunks until next GC", 213),
			row(4194303, "prometheus-with-a-long-name", "go1.24.4", "prometheus.service", 6120, 3881, 512, 120, 120, "live objects", 3881),
			hostile,
			{PID: 5, Comm: "huge", GoVersion: "go1.27", Line: summary.Line{RES: 64 << 30, Live: tenMiB(500000), Light: true}},
		},
		Notes: []string{
			"3 more Go processes could not be read: 2 not permitted (run with sudo), 1 ended meanwhile",
			"57 processes of other users were not looked at, Go or not: run with sudo",
		},
	}
}

func topText(t *testing.T, o Options, top *Top) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteTop(&out, o, top); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTopGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"top-120":       {Width: 120},
		"top-120-color": {Width: 120, Color: true},
		"top-80":        {Width: 80},
		"top-80-color":  {Width: 80, Color: true},
		"top-80-ascii":  {Width: 80, ASCII: true},
		"top-pipe":      {},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, topText(t, o, topFixture())) })
	}
	t.Run("top-host-80", func(t *testing.T) {
		top := topFixture()
		top.Rows = top.Rows[1:2]
		top.Notes = nil
		golden(t, "top-host-80", topText(t, Options{Width: 80}, top))
	})
}

// Each ? is explained by why it is there, and by nothing else.
func TestTopSaysWhyNotKnown(t *testing.T) {
	t.Parallel()
	signs := map[string]string{
		"light": "from a look at the counters alone", "undivided": "? heap changed each time: it could not be divided",
		"unread": "? Go's pages not read: whyres explain", "full": "no such note",
	}
	for name, line := range map[string]summary.Line{
		"light": {Light: true}, "undivided": {Undivided: true}, "unread": {}, "full": {Full: true},
	} {
		text := topText(t, Options{}, &Top{Rows: []TopRow{{PID: 5, Comm: "p", Line: line}}})
		for of, sign := range signs {
			if got := strings.Contains(text, sign); got != (of == name && name != "full") {
				t.Errorf("%s: %q is there: %v in\n%s", name, sign, got, text)
			}
		}
	}
}

// No line is wider than the terminal, whatever its width.
func TestTopFits(t *testing.T) {
	t.Parallel()
	for w := 50; w < 200; w++ {
		for line := range strings.Lines(topText(t, Options{Width: w}, topFixture())) {
			if got := width(strings.TrimSuffix(line, "\n")); got > w {
				t.Fatalf("%d columns in a terminal of %d: %q", got, w, line)
			}
		}
	}
}

// What a screen has no room for is counted; the answer and the notes stay.
func TestTopHeight(t *testing.T) {
	t.Parallel()
	for height := 8; height < 14; height++ {
		top := topFixture()
		top.Height = height
		text := topText(t, Options{Width: 200}, top)
		lines := strings.Count(text, "\n")
		all := strings.Contains(text, "huge")
		if lines > height || !strings.Contains(text, "57 processes") || all == strings.Contains(text, " more\n") {
			t.Errorf("%d lines on a screen of %d:\n%s", lines, height, text)
		}
	}
	top := topFixture()
	top.Limit = 2
	if text := topText(t, Options{}, top); !strings.Contains(text, "and 3 more\n") || strings.Contains(text, "prometheus") || !strings.Contains(text, "5 Go processes") {
		t.Error(text)
	}
}
