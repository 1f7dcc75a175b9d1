package timeline

import (
	"bytes"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"whyres/collector/explain"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// explained is what one look found, without a trace: leaves at several depths,
// some that this version does not know, some that are empty. 64.0 MiB in all.
func explained() *explain.Verdict {
	v := judged()
	part := func(id, parent string, m float64, what string) ledger.Part {
		return ledger.Part{ID: id, Parent: parent, Bytes: mibs(m), What: what}
	}
	v.Trace, v.Warnings, v.Causes = nil, []string{}, nil
	v.RES, v.Up, v.SampleAge = mibs(64), int64(372*time.Second), int64(300*time.Millisecond)
	v.Why = []string{"24.3 MiB (38 % of RES) are free in Go's heap and not released: 21.3 MiB of them lie in chunks that were dense in the last GC cycle: these are not touched before another GC; GC 5 was 1m12s ago."}
	v.Ledger = []ledger.Part{
		part("heap", "", 45.5, "Go's heap"),
		part("heap.live", "heap", 3.9, "objects that GC 5, the last, found live"),
		part("heap.garbage", "heap", 0.25, "objects that the last GC did not mark, or that came after it; live or not: the next GC tells"),
		part("heap.fragmentation", "heap", 1.55, "holes in spans that hold objects"),
		part("heap.idle", "heap", 24.3, "free in Go's heap and not yet released to the system"),
		part("heap.idle.dense", "heap.idle", 21.3, "in 6 chunks of 4 MiB that were dense in the last GC cycle; not touched before GC 7"),
		part("heap.idle.goal", "heap.idle", 2.75, "below the scavenger's goal: the runtime keeps 10 % over what the next GC will need"),
		part("heap.idle.due", "heap.idle", 0.25, "the scavenger is at work on these"),
		part("heap.released_resident", "heap", 13.25, "released by Go's heap, and resident all the same: it came back, or never left"),
		part("heap.released_resident.lazyfree", "heap.released_resident", 12, "the kernel takes it when memory gets short"),
		part("heap.released_resident.huge", "heap.released_resident", 1.25, "khugepaged filled the holes"),
		part("heap.released_resident.locked", "heap.released_resident", 0, "mlock keeps it"),
		part("heap.reserved", "heap", 0.25, ""),
		part("heap.blue", "heap", 2, "blue memory: of a kind that a later version divides"),
		part("stacks", "", 9, "goroutine stacks"),
		part("stacks.inuse", "stacks", 1, "of 212 goroutines"),
		part("stacks.dead", "stacks", 8, "7,214 ended goroutines hold them until a GC frees them"),
		part("stacks.idle", "stacks", 0, "none"),
		part("runtime", "", 4.4, "the Go runtime's own"),
		part("runtime.metadata", "runtime", 4.4, "the Go runtime's own: records of spans and caches, the GC's bitmaps and work buffers, profiling buckets; never given back"),
		part("file", "", 5, "files"),
		part("file.exe", "file", 4, "the program's own file: code, constants and variables, private copies and .bss included"),
		part("file.mapped", "file", 1, "other mapped files and libraries, their private copies included; clean pages go under pressure"),
		part("orphan", "not.there", 0.25, ""),
		part("unexplained", "", -0.15, "RES less the sum of the other parts; negative when the process shrank while it was read"),
	}
	v.Pages = &mem.GoPages{Sizes: []mem.SizeClass{
		{Class: 2, Size: 16, Spans: 3, Objects: 1200, InUse: mem.Amount{Bytes: 24 << 10, Resident: 24 << 10}, Allocated: 19200, Free: 5376},
		{Class: 67, Size: 32768, Spans: 100, Objects: 80, InUse: mem.Amount{Bytes: 100 * 32768, Resident: 90 * 32768}, Allocated: 80 * 32768, Free: 20 * 32768},
		{Class: 0, Spans: 1, Objects: 1, InUse: mem.Amount{Bytes: 1 << 20, Resident: 1 << 20}, Allocated: 1<<20 - 100},
		{Class: 3, Size: 24},
	}}
	return v
}

// earlier is the look before.
func earlier() *explain.Verdict {
	v := explained()
	v.Time = v.Time.Add(-2 * time.Second)
	v.RES -= mibs(2.5)
	for i := range v.Ledger {
		switch v.Ledger[i].ID {
		case "heap", "heap.live":
			v.Ledger[i].Bytes -= mibs(3.5)
		case "stacks", "stacks.dead":
			v.Ledger[i].Bytes += mibs(1)
		}
	}
	return v
}

func TestExplainGolden(t *testing.T) {
	for name, c := range map[string]struct {
		o      Options
		before *explain.Verdict
	}{
		"explain-120":         {Options{Width: 120}, nil},
		"explain-120-color":   {Options{Width: 120, Color: true}, nil},
		"explain-80":          {Options{Width: 80}, nil},
		"explain-80-color":    {Options{Width: 80, Color: true}, nil},
		"explain-80-ascii":    {Options{Width: 80, ASCII: true}, nil},
		"explain-120-ascii":   {Options{Width: 120, ASCII: true}, nil},
		"explain-50":          {Options{Width: 50}, nil},
		"explain-pipe":        {Options{}, nil},
		"explain-120-verbose": {Options{Width: 120, Verbose: true}, nil},
		"explain-120-watch":   {Options{Width: 120}, earlier()},
		"explain-80-watch":    {Options{Width: 80, Brief: true}, earlier()},
	} {
		t.Run(name, func(t *testing.T) {
			got := explainedAs(t, c.o, explained(), c.before)
			golden(t, name, got)
			escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
			for line := range strings.Lines(escapes.ReplaceAllString(got, "")) {
				checkLine(t, c.o, strings.TrimSuffix(line, "\n"))
			}
		})
	}
}

func explainedAs(t *testing.T, o Options, v, before *explain.Verdict) string {
	t.Helper()
	var out bytes.Buffer
	if err := Verdict(&out, o, v, before); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestExplainWithoutColourSaysTheSame at each width, changes included.
func TestExplainWithoutColourSaysTheSame(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, w := range []int{0, 40, 60, 80, 100, 120, 200} {
		plain := explainedAs(t, Options{Width: w}, explained(), earlier())
		colored := explainedAs(t, Options{Width: w, Color: true}, explained(), earlier())
		if !strings.Contains(colored, "\x1b[") || escapes.ReplaceAllString(colored, "") != plain {
			t.Errorf("width %d:\n%s\nwith colours:\n%s", w, plain, colored)
		}
		for line := range strings.Lines(plain) {
			checkLine(t, Options{Width: w}, strings.TrimSuffix(line, "\n"))
		}
	}
}

// TestWhatExplainShows: empty parts are left out, those of unknown parents and
// kinds are not.
func TestWhatExplainShows(t *testing.T) {
	got := explainedAs(t, Options{Width: 120}, explained(), nil)
	for _, has := range []string{"blue memory ", "orphan ", "lazily freed (MADV_FREE) ", "up 6m12s", "RES 64.0 MiB\n", "GC 5, 1m12s ago", "where RES is now"} {
		if !strings.Contains(got, has) {
			t.Errorf("no %q in\n%s", has, got)
		}
	}
	for _, hasNo := range []string{"locked", "kept for reuse", "before the end", "THP", "24 B"} {
		if strings.Contains(got, hasNo) {
			t.Errorf("%q in\n%s", hasNo, got)
		}
	}
	if all := explainedAs(t, Options{Width: 120, Verbose: true}, explained(), nil); !strings.Contains(all, "locked in memory") || !strings.Contains(all, "free, kept for reuse") {
		t.Errorf("-v leaves out what is empty:\n%s", all)
	}
	if unchanged := explainedAs(t, Options{}, explained(), explained()); !strings.Contains(unchanged, "RES 64.0 MiB, unchanged in 0 µs\n") {
		t.Errorf("%s", unchanged)
	}
	v := explained()
	v.Up, v.Host.THP = int64(75*time.Hour), "always"
	if got := explainedAs(t, Options{}, v, nil); !strings.Contains(got, "THP always · up 3d03h") {
		t.Errorf("%s", got)
	}
}

// TestLinesAddUp: the tenths of a MiB that are shown of the parts sum to what is
// shown of the whole, so far as the small ones can make up for the large, which
// are rounded as everywhere; and none is off by a tenth or more.
func TestLinesAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var parts []ledger.Part
		var grow func(parent string, depth int) int64
		grow = func(parent string, depth int) (sum int64) {
			for i := range 1 + r.IntN(6) {
				id := parent + string(rune('a'+i))
				at := len(parts)
				parts = append(parts, ledger.Part{ID: id, Parent: parent})
				bytes := r.Int64N(1<<uint(10+r.IntN(20))) - 4096
				if depth < 4 && r.IntN(2) == 0 {
					bytes = grow(id, depth+1)
				}
				parts[at].Bytes = bytes
				sum += bytes
			}
			return sum
		}
		res := grow("", 0)
		checkSums(t, newTree(res, parts, true), res, int64(math.Round(float64(res)/(1<<20)*10)))
	}
}

func checkSums(t *testing.T, level []*branch, res, whole int64) {
	t.Helper()
	var sum int64
	down, up := 0, 0
	for _, b := range level {
		sum += b.shown
		off := float64(b.shown) - float64(b.part.Bytes)/(1<<20)*10
		large := float64(b.part.Bytes) >= float64(res)/10
		if math.Abs(off) >= 1 || large && math.Abs(off) > 0.5 {
			t.Errorf("%d bytes of %d are shown as %d tenths of a MiB", b.part.Bytes, res, b.shown)
		}
		switch {
		case large:
		case off > 0:
			up++
		default:
			down++
		}
		checkSums(t, b.children, res, b.shown)
	}
	if len(level) > 0 && (sum < whole && down > 0 || sum > whole && up > 0) {
		t.Errorf("the lines sum to %d, the one above says %d; %d could be more, %d less", sum, whole, down, up)
	}
}
