package timeline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"whyres/collector/mem"
)

// rowsOf groups frames and writes each row as one short line:
// "time RES change word | text".
func rowsOf(frames []mem.Frame) (lines []string, rows []row, g *grouper) {
	g = newGrouper(false, func(r row) {
		rows = append(rows, r)
		res, change := "-", ""
		if r.columns && r.cur.resKnown {
			res = fixed(tenths(r.cur.res()))
			if r.prev.resKnown {
				change = signed(tenths(r.cur.res()) - tenths(r.prev.res()))
			}
		}
		line := fmt.Sprintf("%s %s %s %s %s | %s", since(r.at, r.zero), res, change, r.sign, r.word,
			strings.Join(texts(r.text, false), between))
		lines = append(lines, strings.Join(strings.Fields(strings.ReplaceAll(line, glue, " ")), " "))
	})
	for _, f := range frames {
		g.frame(f)
	}
	g.finish()
	return lines, rows, g
}

// tell is a story that begins with a header and a sample of 10 MiB at 0.1 s.
func tell(more func(*teller)) []mem.Frame { return tellOf("fentry", more) }

func tellOf(attach string, more func(*teller)) []mem.Frame {
	s := &teller{}
	s.header(mem.Header{Attach: attach, Process: mem.Process{PID: storyPID, GoVersion: "go1.26.8"}})
	s.heapIs(5, 1, 2)
	s.sample(0.1, 10)
	s.sample(0.7, 10)
	more(s)
	return s.frames
}

const startRow = "+0.00s 10.0 · start | attached"

func TestGrouping(t *testing.T) {
	forced := release(1, mem.WhoForced)
	for name, c := range map[string]struct {
		frames []mem.Frame
		want   []string
	}{
		"the same call of the same caller is one row": {tell(func(s *teller) {
			for i := range 4 {
				s.call(2+float64(i)*0.4, -mib, forced)
			}
		}), []string{startRow, "+2.00s 6.0 -4.0 ▼ returned | madvise DONTNEED ×4: asked 4.0, left RES 4.0 · FreeOSMemory, 1.2 s"}},
		"silence ends a burst": {tell(func(s *teller) {
			s.call(2, -mib, forced)
			s.call(2.6, -mib, forced)
		}), []string{
			startRow,
			"+2.00s 9.0 -1.0 ▼ returned | madvise DONTNEED: asked 1.0, left RES 1.0 · FreeOSMemory",
			"+2.60s 8.0 -1.0 ▼ returned | madvise DONTNEED: asked 1.0, left RES 1.0 · FreeOSMemory",
		}},
		"a burst without end is told in pieces of 2 s": {tell(func(s *teller) {
			for i := range 50 {
				s.call(2+float64(i)/10, -mib/10, release(0.1, mem.WhoBackground))
			}
		}), []string{
			startRow,
			"+2.00s 8.0 -2.0 ▼ returned | madvise DONTNEED ×20: asked 2.0, left RES 2.0 · background scavenger, 1.9 s",
			"+4.00s 6.0 -2.0 ▼ returned | madvise DONTNEED ×20: asked 2.0, left RES 2.0 · background scavenger, 1.9 s",
			"+6.00s 5.0 -1.0 ▼ returned | madvise DONTNEED ×10: asked 1.0, left RES 1.0 · background scavenger, 0.9 s",
		}},
		"kinds that interleave are told side by side, in order of start": {tell(func(s *teller) {
			for i := range 3 {
				s.call(2+float64(i)/10, -mib, forced)
				s.call(2.05+float64(i)/10, 0, reserve(4, 3))
			}
		}), []string{
			startRow,
			"+2.00s 7.0 -3.0 ▼ returned | madvise DONTNEED ×3: asked 3.0, left RES 3.0 · FreeOSMemory, 0.2 s",
			"+2.05s 7.0 · mapped | mmap ×3: 12.0 MiB · heap growth, 0.2 s",
		}},
		"callers are told apart": {tell(func(s *teller) {
			s.call(2, -mib, forced)
			s.call(2.1, -mib, release(1, mem.WhoBackground))
		}), []string{
			startRow,
			"+2.00s 9.0 -1.0 ▼ returned | madvise DONTNEED: asked 1.0, left RES 1.0 · FreeOSMemory",
			"+2.10s 8.0 -1.0 ▼ returned | madvise DONTNEED: asked 1.0, left RES 1.0 · background scavenger",
		}},
		"an errno and a release that freed nothing are rows of their own": {tell(func(s *teller) {
			s.vmlck = uint64(mibs(242))
			s.sample(1.9, 10)
			refused := release(4, mem.WhoForced)
			refused.Errno = "EINVAL"
			s.call(2, 0, refused)
			s.call(2.01, 0, release(4, mem.WhoForced))
			hole := release(4, mem.WhoForced)
			hole.Errno = "ENOMEM"
			s.call(2.02, -3*mib, hole)
		}), []string{
			startRow,
			"+2.00s 10.0 ! refused | madvise DONTNEED: EINVAL (242.0 MiB of the process is locked memory) · asked 4.0, left RES 0 · FreeOSMemory",
			"+2.01s 10.0 ! nothing | madvise DONTNEED: asked 4.0 MiB, left RES 0 · FreeOSMemory",
			"+2.02s 7.0 -3.0 ! refused | madvise DONTNEED: ENOMEM (part of the range is not mapped; the rest was done) · asked 4.0, left RES 3.0 · FreeOSMemory",
		}},
		"what was not measured is said to be unknown": {tell(func(s *teller) {
			blind := release(4, mem.WhoForced)
			blind.Notes = []string{mem.NoteNoEntry}
			s.call(2, 0, blind)
			blind.Notes = []string{mem.NoteRSSUnknown}
			s.call(2.1, 0, blind)
		}), []string{startRow, "+2.00s 10.0 ▼ released | madvise DONTNEED ×2: asked 8.0, effect on RES not measured · FreeOSMemory, 0.1 s"}},
		"small calls are left out": {tell(func(s *teller) {
			s.call(2, 0, mem.Event{Call: mem.Mmap, Len: 256 * kib, Prot: 3, FD: -1, MapFlags: 0x22, Who: mem.WhoRuntime})
			s.call(2.1, 0, mem.Event{Call: mem.PrctlSetVMA, Len: 64 << 20, Errno: "EINVAL", Who: mem.WhoRuntime})
			s.call(2.2, -32*kib, release(0.03125, mem.WhoGrowth))
		}), []string{startRow}},
		"RES that grows by itself is one row a second": {tell(func(s *teller) {
			for i := range 30 {
				s.sample(2+float64(i)/8, 10+float64(i))
			}
			s.sample(6.5, 39)
		}), []string{
			startRow,
			"+2.12s 18.0 +8.0 ▲ grew | faulted in, no call",
			"+3.12s 26.0 +8.0 ▲ grew | faulted in, no call",
			"+4.12s 34.0 +8.0 ▲ grew | faulted in, no call",
			"+5.12s 39.0 +5.0 ▲ grew | faulted in, no call",
		}},
		"a little movement is none": {tell(func(s *teller) {
			s.sample(2, 10.2)
			s.sample(3, 9.8)
		}), []string{startRow}},
		"swapping out": {tell(func(s *teller) {
			s.rss.Swap = mibs(4)
			s.sample(2, 6)
		}), []string{startRow, "+2.00s 6.0 -4.0 ▼ fell | swapped out 4.0 MiB"}},
		"anonymous memory that goes, and not into swap": {tell(func(s *teller) {
			s.sample(2, 6)
		}), []string{startRow, "+2.00s 6.0 -4.0 ▼ fell | without a call that was seen · anonymous -4.0"}},
		"without tracing nothing is said of calls": {tellOf("", func(s *teller) {
			s.sample(2, 20)
		}), []string{startRow, "+2.00s 20.0 +10.0 ▲ grew | faulted in, calls are not traced"}},
		"released heap that is taken again": {tell(func(s *teller) {
			s.call(2, -4*mib, release(4, mem.WhoBackground))
			s.heapIs(5, 1, 6)
			s.sample(2.1, 6)
			s.sample(3, 6)
			s.heapIs(8, 1, 3)
			s.sample(4, 9)
			s.sample(5, 9)
		}), []string{
			startRow,
			"+2.00s 6.0 -4.0 ▼ returned | madvise DONTNEED: asked 4.0, left RES 4.0 · background scavenger",
			"+4.00s 9.0 +3.0 ↺ back | the heap took 3.0 MiB of its released memory again",
		}},
		"a first use of fresh heap is no coming back": {tell(func(s *teller) {
			s.heapIs(8, 1, 0)
			s.sample(4, 13)
			s.sample(5, 13)
		}), []string{startRow, "+4.00s 13.0 +3.0 ▲ grew | faulted in, no call"}},
		"GCs fold, with their reasons": {tell(func(s *teller) {
			for i := range 30 {
				why := "heap goal"
				if i%10 == 0 {
					why = "asked for"
				}
				s.mark(2+float64(i)/30, mem.Mark{Kind: mem.MarkGC, NumGC: uint32(3 + i), Why: why})
			}
			s.heap.NumGC = 32
			s.sample(3, 10)
			s.mark(8, mem.Mark{Kind: mem.MarkGC, NumGC: 40, First: 33})
			s.heap.NumGC = 40
			s.sample(8.1, 10)
		}), []string{
			startRow,
			"+2.00s 10.0 ● GC 3–32 | asked for by the program ×3, heap goal reached ×27 · 0 returned",
			"+8.00s 10.0 ● GC 33–40 | reason unknown · 1.0 MiB idle, 0 returned since GC 32",
		}},
		"a GC does not take the credit for the release after it": {tell(func(s *teller) {
			s.mark(2, mem.Mark{Kind: mem.MarkGC, NumGC: 3, Why: "2 min idle"})
			s.call(2.001, -2*mib, release(2, mem.WhoBackground))
			s.call(2.2, -2*mib, release(2, mem.WhoBackground))
			s.heap.NumGC = 3
			s.sample(2.3, 6)
			s.sample(3, 6)
		}), []string{
			startRow,
			"+2.00s 10.0 ● GC 3 | forced after 2 min idle · 0 returned",
			"+2.00s 6.0 -4.0 ▼ returned | madvise DONTNEED ×2: asked 4.0, left RES 4.0 · background scavenger, 0.2 s",
		}},
		"what GCs of one row returned between them is theirs": {tell(func(s *teller) {
			s.mark(2, mem.Mark{Kind: mem.MarkGC, NumGC: 3, Why: "heap goal"})
			s.call(2.1, -2*mib, release(2, mem.WhoBackground))
			s.mark(2.2, mem.Mark{Kind: mem.MarkGC, NumGC: 4, Why: "heap goal"})
			s.call(2.3, -mib, release(1, mem.WhoBackground))
			s.mark(6, mem.Mark{Kind: mem.MarkGC, NumGC: 5, Why: "heap goal"})
		}), []string{
			startRow,
			"+2.00s 10.0 ● GC 3–4 | heap goal reached · 2.0 returned",
			"+2.10s 7.0 -3.0 ▼ returned | madvise DONTNEED ×2: asked 3.0, left RES 3.0 · background scavenger, 0.2 s",
			"+6.00s 7.0 ● GC 5 | heap goal reached · 1.0 returned since GC 4",
		}},
		"RES that comes back between GCs is not theirs": {tell(func(s *teller) {
			s.call(2, -8*mib, release(8, mem.WhoForced))
			s.heapIs(1, 0, 10)
			s.sample(2.1, 2)
			s.sample(3, 2)
			s.mark(4, mem.Mark{Kind: mem.MarkGC, NumGC: 4, Why: "heap goal"})
			s.heapIs(9, 0, 2)
			s.heap.NumGC = 4
			s.sample(4.25, 10)
			s.sample(5, 10)
		}), []string{
			startRow,
			"+2.00s 2.0 -8.0 ▼ returned | madvise DONTNEED: asked 8.0, left RES 8.0 · FreeOSMemory",
			"+4.00s 2.0 ● GC 4 | heap goal reached · 8.0 returned",
			"+4.25s 10.0 +8.0 ↺ back | the heap took 8.0 MiB of its released memory again",
		}},
		"what lies within a longer row has no columns": {tell(func(s *teller) {
			for i := range 8 {
				s.call(2+float64(i)/8, -mib, forced)
				if i == 3 {
					s.call(2.4, 0, reserve(4, 3))
				}
			}
		}), []string{
			startRow,
			"+2.00s 2.0 -8.0 ▼ returned | madvise DONTNEED ×8: asked 8.0, left RES 8.0 · FreeOSMemory, 0.9 s",
			"+2.40s - · mapped | mmap: 4.0 MiB · heap growth",
		}},
		"calls before the header's instant": {tell(func(s *teller) {
			early := s.frames[0]
			s.frames = s.frames[:1]
			s.call(-0.003, 0, reserve(64, 0))
			s.sample(0.1, 10)
			s.sample(1, 10)
			s.frames[0] = early
		}), []string{
			"+0.00s 10.0 · start | attached",
			"+0.00s 10.0 · mapped | mmap: 64.0 MiB reserved · heap growth",
		}},
		"quiet is said once": {tell(func(s *teller) {
			for i := range 40 {
				s.sample(1+float64(i), 10)
			}
			s.call(41, -mib, forced)
		}), []string{
			startRow,
			"+0.00s - · quiet | 41.0 s",
			"+41.00s 9.0 -1.0 ▼ returned | madvise DONTNEED: asked 1.0, left RES 1.0 · FreeOSMemory",
		}},
		"another process never touches the columns": {tell(func(s *teller) {
			e := release(4, mem.WhoForced)
			e.PID = 77
			s.add(mem.Frame{At: at(2), Sample: &mem.Sample{At: at(2), PID: 77, RSS: mem.RSS{Anon: 900 * mib}}})
			s.call(2, -4*mib, e)
			s.mark(3, mem.Mark{Kind: mem.MarkExit, PID: 77, ExitCode: 2})
			s.call(5, -mib, forced)
		}), []string{
			startRow,
			"+2.00s - ▼ returned | madvise DONTNEED: asked 4.0, left RES 4.0 · FreeOSMemory · process 77",
			"+3.00s - ■ exited | code 2 · process 77",
			"+5.00s 9.0 -1.0 ▼ returned | madvise DONTNEED: asked 1.0, left RES 1.0 · FreeOSMemory",
		}},
		"MAP_FIXED over live memory, populate, unmap, file": {tell(func(s *teller) {
			s.call(2, -4*mib, reserve(4, 0))
			s.call(3, 8*mib, reserve(8, 3))
			s.call(4, -mib, mem.Event{Call: mem.Munmap, Len: 2 << 20, Who: mem.WhoCgo, Stack: []string{"munmap", "free_all"}})
			s.call(5, 0, mem.Event{Call: mem.Mmap, Len: 2 << 20, Prot: 1, FD: 3, MapFlags: 2, Who: mem.WhoUser, Stack: []string{"syscall.mmap", "main.open"}})
		}), []string{
			startRow,
			"+2.00s 6.0 -4.0 ▼ mapped | mmap: 4.0 MiB reserved · left RES 4.0 · heap growth",
			"+3.00s 14.0 +8.0 ▲ grew | mmap: 8.0 MiB · brought 8.0 into RES · heap growth",
			"+4.00s 13.0 -1.0 ▼ unmapped | munmap: 2.0 MiB, left RES 1.0 · cgo free_all",
			"+5.00s 13.0 · mapped | mmap: 2.0 MiB of files · main.open",
		}},
		"a problem with the runtime is said once": {tell(func(s *teller) {
			for i := range 20 {
				s.sample(2+float64(i)/10, 10)
				sample := s.frames[len(s.frames)-1].Sample
				sample.MemStats, sample.GoProblem = nil, fmt.Sprint("cannot read 0x", i)
			}
		}), []string{startRow, "+2.00s - · note | no heap numbers: cannot read 0x0"}},
		"losses are always said": {tell(func(s *teller) {
			s.add(mem.Frame{At: at(2), Lost: &mem.Lost{At: at(2), Total: 3, New: 3, Reasons: map[string]uint64{"ring full": 2, "in flight": 1}}})
			s.add(mem.Frame{At: at(2.2), Lost: &mem.Lost{At: at(2.2), Total: 5, New: 2, Reasons: map[string]uint64{"ring full": 2}}})
			s.sample(2.3, 6)
		}), []string{
			startRow,
			"+2.00s - ! lost | 5 events (in flight ×1, ring full ×4)",
			"+2.30s 6.0 -4.0 ▼ fell | no call seen, but events were lost · anonymous -4.0",
		}},
		"a call that cannot be put on the clock": {tell(func(s *teller) {
			e := release(4, mem.WhoForced)
			e.At, e.Dur, e.PID = at(2), 1<<61, storyPID
			s.add(mem.Frame{At: e.At, Event: &e})
		}), []string{startRow, "+2.00s 10.0 ! nothing | madvise DONTNEED: asked 4.0 MiB, left RES 0 · FreeOSMemory"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, _ := rowsOf(c.frames)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// TestColumnsAddUp: whatever the frames, RES of a row is RES of the row before
// it and the change, time never runs backwards in the columns, and the last row
// with columns shows what was last known, or nearly.
func TestColumnsAddUp(t *testing.T) {
	for seed := range uint64(60) {
		frames := tell(func(s *teller) { wander(s, rand.New(rand.NewPCG(seed, 7))) })
		_, rows, g := rowsOf(frames)
		var prev *row
		for i := range rows {
			r := &rows[i]
			if !r.columns {
				continue
			}
			if prev != nil && r.prev != prev.cur {
				t.Fatalf("seed %d: row %d goes on from %+v, the one before ended at %+v", seed, i, r.prev, prev.cur)
			}
			if r.cur.at < r.prev.at {
				t.Fatalf("seed %d: row %d goes back in time", seed, i)
			}
			if text := strings.Join(texts(r.text, false), between); r.word == "returned" && !strings.Contains(text, "overlapping") {
				var left float64
				_, after, _ := strings.Cut(text, "left"+glue+"RES"+glue)
				if _, err := fmt.Sscanf(after, "%g", &left); err != nil || strings.HasPrefix(after, fmt.Sprint(left)+glue+"KiB") {
					left /= 1024
				}
				if off := abs(r.cur.res() - r.prev.res() + mibs(left)); off > threshold(r.prev.res())+mib/8 {
					t.Fatalf("seed %d: row %d shows %d, its calls did %v: %s", seed, i, r.cur.res()-r.prev.res(), left, text)
				}
			}
			prev = r
		}
		if off := abs(g.now.res() - g.shown.res()); off > threshold(g.shown.res())+mib/8 {
			t.Errorf("seed %d: the last row is %d bytes off", seed, off)
		}
	}
}

// wander adds a random stream, in order of time.
func wander(s *teller, r *rand.Rand) {
	now, anon := 1.0, 10.0
	for range 400 {
		now += r.Float64() * 0.3
		switch r.IntN(7) {
		case 0, 1:
			anon = max(anon+r.Float64()*2-1, 1)
			s.sample(now, anon)
		case 2:
			n := float64(r.IntN(8)) / 16
			if anon > 1+n {
				anon -= n
				s.call(now, -mibs(n), release(0.5, mem.WhoBackground))
			}
		case 3:
			s.call(now, 0, reserve(float64(r.IntN(4)), 3))
		case 4:
			s.mark(now, mem.Mark{Kind: mem.MarkGC, NumGC: uint32(len(s.frames))})
		case 5: // pages are touched, and the next call finds them
			anon += r.Float64() * 3
			s.rss.Anon = mibs(anon)
		case 6:
			if anon > 4 {
				anon -= 3
				s.call(now, -3*mib, release(3, mem.WhoForced))
			}
		}
	}
	s.sample(now+3, anon)
	s.sample(now+5, anon)
}

// TestManyKindsAtOnce: a target that makes thousands of kinds of calls at once
// costs no more than maxOpen bursts.
func TestManyKindsAtOnce(t *testing.T) {
	g := newGrouper(false, func(row) {})
	for i, f := range tell(func(s *teller) {
		for i := range 5000 {
			e := release(1, mem.WhoUser)
			e.Stack = []string{fmt.Sprint("main.f", i)}
			s.call(2+float64(i)/1e5, 0, e)
		}
	}) {
		g.frame(f)
		if len(g.pending) > maxOpen+1 || len(g.open) > maxOpen {
			t.Fatalf("frame %d: %d pending, %d open", i, len(g.pending), len(g.open))
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	g := newGrouper(false, func(row) {})
	frames := tell(func(*teller) {})
	for _, f := range frames {
		g.frame(f)
	}
	e := release(0.1, mem.WhoBackground)
	e.PID, e.Stack = storyPID, []string{"runtime.madvise"}
	now := at(2)
	b.ReportAllocs()
	for b.Loop() {
		now += 5000
		e.At = now
		g.frame(mem.Frame{At: now, Event: &e})
	}
}
