package timeline

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// judged is a verdict whose numbers add up by construction: 40.2 MiB in leaves,
// with a negative rest.
func judged() *explain.Verdict {
	now := time.Date(2026, 3, 1, 14, 0, 22, 0, time.UTC)
	part := func(id, parent string, m float64, what string) ledger.Part {
		return ledger.Part{ID: id, Parent: parent, Bytes: mibs(m), What: what}
	}
	return &explain.Verdict{
		Schema: explain.Schema, Time: now,
		Host:    mem.Host{Kernel: "6.18.44", THP: "madvise"},
		Process: mem.Process{PID: storyPID, Comm: "server", GoVersion: "go1.26.8"},
		RES:     mibs(40.2),
		Why: []string{
			"24.1 MiB (60 % of RES) are free in Go's heap and not released: 21.3 MiB of them lie in chunks that were dense in the last GC cycle: these are not touched before another GC; GC 5 was 1m12s ago.",
			"165 calls asked the kernel to take 37.3 MiB back; 21.3 MiB left RES; 12.0 MiB were refused.",
		},
		Forecast: &explain.Forecast{
			Bytes: mibs(22), Earliest: now.Add(108 * time.Second), Latest: now.Add(138 * time.Second),
			Why: "GCs are forced each two minutes when idle",
		},
		Ledger: []ledger.Part{
			part("stacks", "", 3.4, "goroutine stacks"),
			part("stacks.inuse", "stacks", 3.4, "stacks of goroutines, free ones that are kept for reuse included"),
			part("heap", "", 29.6, "Go's heap"),
			part("heap.live", "heap", 3.9, "live objects"),
			part("heap.idle", "heap", 24.1, "free in Go's heap and not yet released to the system"),
			part("heap.idle.dense", "heap.idle", 21.3, "held in dense chunks until GC 6"),
			part("heap.idle.goal", "heap.idle", 2.8, "below the scavenger's goal"),
			part("heap.fragmentation", "heap", 1.6, "holes in spans that are in use"),
			part("heap.garbage", "heap", 0, "garbage"),
			part("unexplained", "", -0.3, "RES less the sum of the other parts"),
			part("runtime", "", 4.4, "the Go runtime's own"),
			part("runtime.metadata", "runtime", 4.4, "the Go runtime's own: never given back"),
			part("file", "", 3.1, "files"),
			part("file.exe", "file", 3.0, "the program's own file: code and constants"),
			part("file.mapped", "file", 0.1, "other mapped files"),
		},
		MemStats: mem.MemStats{
			Source: "memory", Sys: uint64(mibs(48.3)), HeapInuse: uint64(mibs(5.5)), HeapIdle: uint64(mibs(27.8)),
			HeapReleased: uint64(mibs(3.9)), StackInuse: uint64(mibs(3.4)), NumGC: 5, NextGC: uint64(mibs(25.1)), GCPercent: 100,
			MemoryLimit: math.MaxInt64,
		},
		LastGCAgo: int64(72 * time.Second),
		Causes: []explain.Cause{{
			ID: "gc-clock", Bytes: mibs(21.3), Confidence: "proved",
			Evidence: []string{"21.3 MiB of free heap lie in dense chunks"}, Remedy: []string{"wait for GC 6, or call debug.FreeOSMemory()"},
		}},
		Warnings: []string{"VMA names: this kernel has no CONFIG_ANON_VMA_NAME", "12,345 events were lost: sums over calls are at least what they say"},
		Trace: &explain.Trace{
			Releases: explain.Releases{
				Calls: 165, Asked: uint64(mibs(37.3)), Refused: uint64(mibs(12)), LeftRES: mibs(22.3), Attributed: mibs(21.3), Refaulted: uint64(mibs(1.5)),
			},
			ByWho: []explain.ByWho{
				{Who: mem.WhoBackground, Calls: 161, Asked: uint64(mibs(21.3)), LeftRES: mibs(22.3), Attributed: mibs(21.3)},
				{Who: mem.WhoForced, Calls: 4, Asked: uint64(mibs(16))},
			},
			Unmapped: explain.Unmapped{Calls: 2, Asked: uint64(mibs(3)), LeftRES: mibs(0.5), Attributed: mibs(0.5)},
		},
	}
}

func TestVerdictGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"verdict-120":       {Width: 120},
		"verdict-120-color": {Width: 120, Color: true},
		"verdict-80":        {Width: 80},
		"verdict-50":        {Width: 50},
		"verdict-pipe":      {},
		"verdict-ascii":     {Width: 100, ASCII: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Verdict(&out, o, judged(), nil); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.String())
		})
	}
}

// TestVerdictAfterStory: the verdict stands between the rows and the last
// lines, in place of the totals, and repeats no warning of the header.
func TestVerdictAfterStory(t *testing.T) {
	var out bytes.Buffer
	tl := New(&out, Options{Width: 100})
	for _, f := range story() {
		if err := tl.Frame(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []func() error{func() error { return tl.Verdict(judged()) }, tl.Close, tl.Close} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	got := out.String()
	golden(t, "story-verdict", got)
	if n := strings.Count(got, "CONFIG_ANON_VMA_NAME"); n != 1 {
		t.Errorf("the header's warning is said %d times", n)
	}
	if !strings.HasSuffix(got, "lost events 12,345\n") {
		t.Error("the last line is not the lost events")
	}
}

// TestVerdictOfStory: what explain makes of the story fits each width.
func TestVerdictOfStory(t *testing.T) {
	for _, o := range []Options{{}, {Width: 40}, {Width: 50}, {Width: 60}, {Width: 80}, {Width: 120, ASCII: true}} {
		a := explain.NewAccumulator()
		for _, f := range hostile("\x1b]0;evil\x07\u202e") {
			a.Observe(f)
		}
		v := a.Verdict()
		var out bytes.Buffer
		if err := Verdict(&out, o, &v, nil); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			checkLine(t, o, strings.TrimSuffix(line, "\n"))
		}
	}
}

// TestTreeIsBounded: a ledger from a file may hold anything.
func TestTreeIsBounded(t *testing.T) {
	v := judged()
	v.Ledger = []ledger.Part{{ID: "a", Parent: "a", Bytes: 1}, {ID: "", Bytes: math.MinInt64}, {ID: "x", Bytes: math.MaxInt64}}
	for range 5000 {
		v.Ledger = append(v.Ledger, ledger.Part{ID: "deep", Parent: "deep", Bytes: mib}, ledger.Part{ID: "deep", Bytes: mib})
	}
	v.RES = 0
	var out bytes.Buffer
	if err := Verdict(&out, Options{Width: 60}, v, nil); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n > 2*maxParts {
		t.Errorf("%d lines", n)
	}
}
