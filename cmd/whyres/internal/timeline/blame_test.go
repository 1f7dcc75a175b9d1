package timeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

// TestBlame: what the calls did themselves is never said to have come without
// one, and no row shows a change that others made.
func TestBlame(t *testing.T) {
	own := func(length float64) mem.Event {
		e := release(length, mem.WhoUser)
		e.Stack = []string{"main.drop"}
		return e
	}
	for name, c := range map[string]struct {
		frames []mem.Frame
		want   []string
	}{
		"samples within a burst see what its calls took": {tell(func(s *teller) {
			for i := range 10 {
				s.call(2+float64(i)/10, -mib/2, own(0.5))
				s.sample(2.05+float64(i)/10, 9.5-float64(i)/2)
			}
			s.sample(4, 5)
		}), []string{startRow, "+2.00s 5.0 -5.0 ▼ returned | madvise DONTNEED ×10: asked 5.0, left RES 5.0 · main.drop, 0.9 s"}},
		"what is touched again is no part of the release": {tell(func(s *teller) {
			s.call(2, -4*mib, own(4))
			s.sample(2.1, 14)
			s.sample(3, 14)
		}), []string{
			startRow,
			"+2.00s 6.0 -4.0 ▼ returned | madvise DONTNEED: asked 4.0, left RES 4.0 · main.drop",
			"+2.10s 14.0 +8.0 ▲ grew | faulted in, no call",
		}},
		"what was touched before the release has its own row": {tell(func(s *teller) {
			s.rss.Anon += 8 * mib
			s.call(2, -4*mib, own(4))
			s.sample(3, 14)
		}), []string{
			startRow,
			"+2.00s 18.0 +8.0 ▲ grew | faulted in, no call",
			"+2.00s 14.0 -4.0 ▼ returned | madvise DONTNEED: asked 4.0, left RES 4.0 · main.drop",
		}},
		"releases whose pages come back at once": {tell(func(s *teller) {
			for i := range 5 {
				s.call(2+float64(i)/10, -mib/2, own(0.5))
				s.rss.Anon += mib / 2
			}
			s.sample(2.45, 10)
			s.sample(4, 10)
		}), []string{
			startRow,
			"+2.00s - ▼ returned | madvise DONTNEED ×5: asked 2.5, left RES 2.5 · main.drop, 0.4 s",
			"+2.00s 9.5 -0.5 ▲ faulted | 2.0 came in, no call · calls took 2.5",
			"+2.45s 10.0 +0.5 ▲ grew | faulted in, no call",
		}},
		"small calls add up": {tell(func(s *teller) {
			for i := range 4 {
				s.call(2+float64(i), -200*kib, mem.Event{Call: mem.Munmap, Len: 200 * kib, Who: mem.WhoRuntime})
				s.sample(2.9+float64(i), float64(s.rss.Anon)/mib)
			}
			s.sample(7, float64(s.rss.Anon)/mib)
		}), []string{startRow, "+4.90s 9.4 -0.6 ▼ fell | calls took 0.6 · those above, or small ones without a row"}},
		"file pages are the kernel's to take": {tell(func(s *teller) {
			s.rss.File = mibs(8)
			s.sample(2, 10)
			s.rss.File = mibs(2)
			s.sample(4, 10)
		}), []string{
			startRow,
			"+2.00s 18.0 +8.0 ▲ grew | faulted in, no call",
			"+4.00s 12.0 -6.0 ▼ fell | no call of the process: the kernel took it · file pages -6.0",
		}},
		"some of it went to swap": {tell(func(s *teller) {
			s.rss.Swap = mibs(2)
			s.sample(2, 6)
		}), []string{startRow, "+2.00s 6.0 -4.0 ▼ fell | without a call that was seen · anonymous -4.0 · swapped out 2.0 MiB"}},
		"after the last event calls may have gone unseen": {tell(func(s *teller) {
			s.call(2, -mib, own(1))
			s.sample(2.1, 9)
			s.sample(3, 4)
			s.frames[len(s.frames)-1].Sample.Last = true
			s.mark(3.01, mem.Mark{Kind: mem.MarkEnd, Why: "interrupt"})
		}), []string{
			startRow,
			"+2.00s 9.0 -1.0 ▼ returned | madvise DONTNEED: asked 1.0, left RES 1.0 · main.drop",
			"+3.01s - ■ end | interrupt",
		}},
		"but not for file pages": {tell(func(s *teller) {
			s.rss.File = mibs(3)
			s.sample(3, 10)
			s.frames[len(s.frames)-1].Sample.Last = true
			s.mark(3.01, mem.Mark{Kind: mem.MarkEnd, Why: "interrupt"})
		}), []string{startRow, "+3.00s 13.0 +3.0 ▲ grew | faulted in, no call", "+3.01s 13.0 ■ end | interrupt"}},
		"a sample read while a call runs may miss it": {tell(func(s *teller) {
			s.call(2, -4*mib, own(4))
			s.frames[len(s.frames)-1].Event.Dur = int64(50 * time.Millisecond)
			s.sample(2.02, 10)
			s.sample(3, 6)
		}), []string{startRow, "+2.00s 6.0 -4.0 ▼ returned | madvise DONTNEED: asked 4.0, left RES 4.0 · main.drop"}},
		"or see it before it is told": {tell(func(s *teller) {
			s.sample(2, 6)
			s.frames[len(s.frames)-1].Sample.Dur = int64(100 * time.Millisecond)
			s.rss.Anon = mibs(10)
			s.call(2.01, -4*mib, own(4))
			s.sample(3, 6)
		}), []string{startRow, "+2.01s 6.0 -4.0 ▼ returned | madvise DONTNEED: asked 4.0, left RES 4.0 · main.drop"}},
		"a call of unknown effect may have taken it": {tell(func(s *teller) {
			e := own(8)
			e.Errno, e.Ret, e.Notes = "unknown", -1, []string{mem.NoteNoReturn}
			s.call(2, 0, e)
			s.sample(2.8, 6)
			s.sample(4, 6)
		}), []string{startRow, "+2.00s 6.0 -4.0 ? unseen | madvise DONTNEED: its return was not seen · asked 8.0 MiB · main.drop"}},
		"overlapping releases show one change": {tell(func(s *teller) {
			s.sample(1, 250)
			s.sample(1.9, 250)
			s.call(2, -2*mib, release(2, mem.WhoBackground))
			s.call(2.1, -195*mib, release(195, mem.WhoForced))
			s.call(2.2, -3*mib, release(3, mem.WhoBackground))
			s.sample(3, 50)
		}), []string{
			startRow,
			"+1.00s 250.0 +240.0 ▲ grew | faulted in, no call",
			"+2.00s - ▼ returned | madvise DONTNEED ×2: asked 5.0, left RES 5.0 · background scavenger, 0.2 s",
			"+2.10s 50.0 -200.0 ▼ returned | madvise DONTNEED: asked 195.0, left RES 195.0 · FreeOSMemory · change with the overlapping rows",
		}},
		"a release that freed nothing does not show what others did": {tell(func(s *teller) {
			s.sample(1, 250)
			s.sample(1.9, 250)
			s.call(2, 0, release(4, mem.WhoBackground))
			s.call(2.1, -43*mib, release(43, mem.WhoForced))
			s.call(2.2, 0, release(4, mem.WhoBackground))
			s.sample(3, 207)
		}), []string{
			startRow,
			"+1.00s 250.0 +240.0 ▲ grew | faulted in, no call",
			"+2.00s - ! nothing | madvise DONTNEED ×2: asked 8.0 MiB, left RES 0 · background scavenger, 0.2 s",
			"+2.10s 207.0 -43.0 ▼ returned | madvise DONTNEED: asked 43.0, left RES 43.0 · FreeOSMemory",
		}},
		"calls and touched pages at once": {tell(func(s *teller) {
			for i := range 6 {
				s.call(2+float64(i)/10, -2*mib, own(2))
				s.rss.Anon += 3 * mib
			}
			s.call(2.6, -2*mib, own(2))
			s.sample(3.5, 14)
		}), []string{
			startRow,
			"+2.00s - ▼ returned | madvise DONTNEED ×7: asked 14.0, left RES 14.0 · main.drop, 0.6 s",
			"+2.00s 14.0 +4.0 ▲ grew | faulted in 18.0, no call · calls took 14.0",
		}},
		"a mapping among releases does not show what they and others did": {tell(func(s *teller) {
			s.sample(1, 100)
			s.sample(1.9, 100)
			s.call(2, -30*mib, own(30))
			s.rss.Anon += 20 * mib
			s.call(2.1, 0, reserve(4, 3))
			s.call(2.2, -30*mib, own(30))
			s.call(2.3, 0, reserve(4, 3))
			s.sample(3.5, 60)
		}), []string{
			startRow,
			"+1.00s 100.0 +90.0 ▲ grew | faulted in, no call",
			"+2.00s - ▼ returned | madvise DONTNEED ×2: asked 60.0, left RES 60.0 · main.drop, 0.2 s",
			"+2.10s - · mapped | mmap ×2: 8.0 MiB · heap growth, 0.2 s",
			"+2.10s 60.0 -40.0 ▲ faulted | 20.0 came in, no call · calls took 60.0",
		}},
		"memory that goes without a call while others bring some": {tell(func(s *teller) {
			s.sample(1, 100)
			s.sample(1.9, 100)
			s.call(2, 30*mib, reserve(30, 3))
			s.sample(2.6, 130)
			s.call(5, 30*mib, reserve(30, 3))
			s.sample(5.1, 100)
			s.sample(6.5, 100)
		}), []string{
			startRow,
			"+1.00s 100.0 +90.0 ▲ grew | faulted in, no call",
			"+2.00s 130.0 +30.0 ▲ grew | mmap: 30.0 MiB · brought 30.0 into RES · heap growth",
			"+5.00s - ▲ grew | mmap: 30.0 MiB · brought 30.0 into RES · heap growth",
			"+5.00s 100.0 -30.0 ▼ fell | without a call that was seen · anonymous -60.0 · calls brought 30.0",
		}},
		"as much comes as goes": {tell(func(s *teller) {
			for i := range 5 {
				s.call(2+float64(i)/10, -2*mib, own(2))
				s.rss.Anon += 2 * mib
			}
			s.sample(3.5, 10)
		}), []string{
			startRow,
			"+2.00s - ▼ returned | madvise DONTNEED ×5: asked 10.0, left RES 10.0 · main.drop, 0.4 s",
			"+2.00s 8.0 -2.0 ▲ faulted | 8.0 came in, no call · calls took 10.0",
			"+3.50s 10.0 +2.0 ▲ grew | faulted in, no call",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, _ := rowsOf(c.frames)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}
