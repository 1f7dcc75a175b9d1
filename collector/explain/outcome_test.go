package explain

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"whyres/collector/mem"
)

// got is a call that gave so many KiB to the allocator.
func got(e mem.Event, freed int64) mem.Event {
	freed *= kib
	e.ToAllocator = &freed
	return e
}

func advice(e mem.Event, name string) mem.Event {
	e.Advice = name
	return e
}

func marked(at mem.Instant, m mem.Mark) mem.Frame {
	m.At = at
	if m.PID == 0 {
		m.PID = pid
	}
	return mem.Frame{At: at, Mark: &m}
}

// mapped is a full sample of one mapping at 1 MiB of 1 MiB, changed.
func mapped(at mem.Instant, change func(s *mem.Sample, v *mem.VMA)) mem.Frame {
	s := &mem.Sample{
		At: at, PID: pid, RSS: mem.RSS{Anon: 500 * kib}, Smaps: &mem.Smaps{},
		VMAs: []mem.VMA{{Range: mem.RangeAt(mib, mib), Perms: "rw-p", Rss: 500 * kib}},
	}
	change(s, &s.VMAs[0])
	return mem.Frame{At: at, Sample: s}
}

func background(at, length, left int64) mem.Event {
	return release(mem.WhoBackground, at, length, left)
}

// lockedAt1MiB locks the mapping at 1 MiB; that at 8 MiB is not.
func lockedAt1MiB(s *mem.Sample, v *mem.VMA) {
	s.VMLck, v.Locked = mib, 500*kib
	s.VMAs = append(s.VMAs, mem.VMA{Range: mem.RangeAt(8*mib, mib), Perms: "rw-p", Rss: 500 * kib})
}

// What one release at 1 MiB of 64 KiB became, by what was seen before.
func TestWhy(t *testing.T) {
	whole := mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) { v.Rss = mib })
	locked := mapped(101*sec, lockedAt1MiB)
	reserved := mapped(101*sec, func(s *mem.Sample, v *mem.VMA) { s.VMLck, v.Rss = mib, 0 })
	huge := mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) { v.AnonHugePages = 2 * mib })
	fork := marked(102*sec, mem.Mark{Kind: mem.MarkFork, Child: 8})
	child := func(kind mem.MarkKind) mem.Frame { return marked(103*sec, mem.Mark{Kind: kind, PID: 8}) }
	vfork := marked(102*sec, mem.Mark{Kind: mem.MarkFork, Child: 8, SameMemory: true})
	nothing := background(1024, 64, 0)
	all := background(1024, 64, 64)
	failing := failed(nothing, "EINVAL")
	for _, c := range []struct {
		name   string
		before []mem.Frame
		e      mem.Event
		want   Why
	}{
		{"left", nil, all, WhyGone},
		{"left, over a hole", nil, failed(all, "ENOMEM"), WhyGone},
		{"nothing there", nil, nothing, WhyNotResident},
		{"nothing there, over a hole", nil, failed(nothing, "ENOMEM"), WhyNotResident},
		{"lazily", nil, advice(nothing, "MADV_FREE"), WhyLazy},
		{"lazily, refused", nil, failed(advice(nothing, "MADV_FREE"), "EINVAL"), "refused: EINVAL"},
		{"return not seen", nil, failed(noted(nothing, mem.NoteNoReturn), "unknown"), WhyUnknown},
		{"entry not seen", nil, noted(nothing, mem.NoteNoEntry), WhyUnknown},
		{"RES unknown", nil, noted(nothing, mem.NoteRSSUnknown), WhyUnknown},
		{"not certain what moved", nil, noted(nothing, mem.NoteUnsure), WhyUnknown},
		{"another process's, or ranges not told", nil, mem.Event{Call: mem.ProcessMadvise, Advice: "MADV_DONTNEED"}, WhyUnknown},
		{"not paged out", nil, advice(nothing, "MADV_PAGEOUT"), WhyKept},

		{"refused by a filter", nil, failed(nothing, "EPERM"), "refused: EPERM"},
		{"refused, nothing locked", nil, failing, "refused: EINVAL"},
		{"refused, locked", []mem.Frame{locked}, failing, WhyRefusedLocked},
		{"refused, locked before any page was there", []mem.Frame{reserved}, failing, WhyRefusedLocked},
		{"refused, locked elsewhere", []mem.Frame{locked}, failed(background(8192, 64, 0), "EINVAL"), "refused: EINVAL"},
		{"refused, locked, but no page's address", []mem.Frame{locked}, failed(mem.Event{Call: mem.Madvise, Advice: "MADV_DONTNEED", Addr: mib + 1, Len: 4096}, "EINVAL"), "refused: EINVAL"},
		{"refused by a filter, locked", []mem.Frame{locked}, failed(nothing, "EPERM"), "refused: EPERM"},
		{"refused, locked since the mappings were seen", []mem.Frame{
			mapped(101*sec, func(*mem.Sample, *mem.VMA) {}),
			{At: 102 * sec, Sample: &mem.Sample{At: 102 * sec, PID: pid, VMLck: 4096}},
		}, failing, WhyRefusedLocked},
		{"refused, unlocked since the mappings were seen", []mem.Frame{
			locked, {At: 102 * sec, Sample: &mem.Sample{At: 102 * sec, PID: pid}},
		}, failing, "refused: EINVAL"},

		{"resident as a whole", []mem.Frame{whole}, nothing, WhyNoEffect},
		{"resident as a whole, exec since", []mem.Frame{whole, marked(102*sec, mem.Mark{Kind: mem.MarkExec})}, nothing, WhyNotResident},
		{"resident as a whole, of a file", []mem.Frame{mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) { v.Rss, v.Inode = mib, 5 })}, nothing, WhyNotResident},
		{"resident as a whole, lazily freed", []mem.Frame{mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) { v.Rss, v.LazyFree = mib, 4096 })}, nothing, WhyNotResident},
		{"resident as a whole, released since", []mem.Frame{whole, call(102*sec, all, 500, 436)}, nothing, WhyNotResident},
		{"resident as a whole, a part released since", []mem.Frame{whole, call(102*sec, background(1084, 4, 4), 500, 496)}, nothing, WhyNotResident},
		{"resident as a whole, unmapped since", []mem.Frame{whole, call(102*sec, mem.Event{Call: mem.Munmap, Addr: mib, Len: 4096}, 500, 496)}, nothing, WhyNotResident},
		{"resident as a whole, mapped anew since", []mem.Frame{whole, call(102*sec, mem.Event{Call: mem.Mmap, Ret: mib, Len: 4096}, 500, 496)}, nothing, WhyNotResident},
		{"resident in part", []mem.Frame{mapped(101*sec, func(*mem.Sample, *mem.VMA) {})}, nothing, WhyNotResident},
		{"populated", []mem.Frame{call(101*sec, mem.Event{Call: mem.Madvise, Advice: "MADV_POPULATE_WRITE", Addr: mib, Len: mib}, 0, 1024)}, nothing, WhyNoEffect},
		{"populating failed", []mem.Frame{call(101*sec, failed(mem.Event{Call: mem.Madvise, Advice: "MADV_POPULATE_WRITE", Addr: mib, Len: mib}, "ENOMEM"), 0, 512)}, nothing, WhyNotResident},

		{"measured", nil, got(all, 64), WhyGone},
		{"measured, some pages late", nil, got(all, 4), WhyGone}, // 2 CPUs hold back 248 KiB at most
		{"measured, more missing than can be late", nil, got(background(1024, 512, 512), 200), WhyElsewhere},
		{"a part of a huge page", []mem.Frame{huge}, got(all, 0), WhyHuge},
		{"a part of a huge page, not measured", []mem.Frame{huge}, all, WhyGone},
		{"whole huge pages", []mem.Frame{mapped(101*sec, func(_ *mem.Sample, v *mem.VMA) {
			v.End, v.AnonHugePages = 16*mib, 8*mib
		})}, got(background(2048, 2048, 64), 0), WhyGone},
		{"a part of a huge page that khugepaged made", []mem.Frame{marked(101*sec, mem.Mark{Kind: mem.MarkCollapse})}, got(all, 0), WhyHuge},

		{"forked", []mem.Frame{fork}, got(all, 0), WhyShared},
		{"forked, not measured", []mem.Frame{fork}, all, WhyMaybeShared},
		{"forked, written to since", []mem.Frame{fork}, got(all, 64), WhyGone},
		{"forked, nothing there", []mem.Frame{fork}, got(nothing, 0), WhyNotResident},
		{"forked, the child has its own program", []mem.Frame{fork, child(mem.MarkExec)}, all, WhyGone},
		{"forked, the child has ended", []mem.Frame{fork, child(mem.MarkExit)}, all, WhyGone},
		{"forked, the child's child is left", []mem.Frame{fork, marked(102*sec, mem.Mark{Kind: mem.MarkFork, PID: 8, Child: 9}), child(mem.MarkExit)}, all, WhyMaybeShared},
		{"vforked: the child has no copy", []mem.Frame{vfork}, all, WhyGone},
		{"another process forked", []mem.Frame{marked(102*sec, mem.Mark{Kind: mem.MarkFork, PID: 12, Child: 13})}, all, WhyGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			frames := append([]mem.Frame{header()}, c.before...)
			before := observe(frames...)
			after := observe(append(frames, call(110*sec, c.e, 500, 500+c.e.Attributed/kib))...)
			var found []Why
			for _, o := range after.Outcomes {
				for _, b := range append(before.Outcomes, Outcome{Why: o.Why}) {
					if b.Why == o.Why {
						if o.Calls > b.Calls {
							found = append(found, o.Why)
						}
						break
					}
				}
			}
			if len(found) != 1 || found[0] != c.want {
				t.Errorf("%q, want %q", found, c.want)
			}
		})
	}
}

// What later releases show of earlier ones.
func TestTakenAgain(t *testing.T) {
	seconds := func(n int64) int64 { return n * int64(time.Second) }
	for _, c := range []struct {
		name   string
		frames []mem.Frame
		want   []Outcome // in KiB
		soon   uint64    // KiB
	}{
		{"all of it", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(104*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{
			{Why: WhyGone, Calls: 1, Asked: 64, Left: 64},
			{Why: WhyTakenAgain, Calls: 1, Asked: 64, Left: 64, TakenAgain: 64, TakenAfter: seconds(3)},
		}, 64},
		{"half a minute later: not soon", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(131*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{
			{Why: WhyGone, Calls: 1, Asked: 64, Left: 64},
			{Why: WhyTakenAgain, Calls: 1, Asked: 64, Left: 64, TakenAgain: 64, TakenAfter: seconds(30)},
		}, 0},
		{"less than half of it: still gone", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(104*sec, background(1000, 64, 28), 500, 472),
		}, []Outcome{{Why: WhyGone, Calls: 2, Asked: 128, Left: 92, TakenAgain: 28}}, 28},
		{"only what cannot be of the rest of the range", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(104*sec, background(1000, 128, 96), 500, 404),
		}, []Outcome{
			{Why: WhyGone, Calls: 1, Asked: 128, Left: 96},
			{Why: WhyTakenAgain, Calls: 1, Asked: 64, Left: 64, TakenAgain: 32, TakenAfter: seconds(3)},
		}, 32},
		{"no more than had left", []mem.Frame{
			call(101*sec, background(1000, 64, 8), 500, 492),
			call(104*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{
			{Why: WhyGone, Calls: 1, Asked: 64, Left: 64},
			{Why: WhyTakenAgain, Calls: 1, Asked: 64, Left: 8, TakenAgain: 8, TakenAfter: seconds(3)},
		}, 8},
		{"lazily freed memory has never left", []mem.Frame{
			call(101*sec, advice(background(1000, 64, 0), "MADV_FREE"), 500, 500),
			call(104*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{
			{Why: WhyGone, Calls: 1, Asked: 64, Left: 64},
			{Why: WhyLazy, Calls: 1, Asked: 64},
		}, 0},
		{"of two releases by turns", []mem.Frame{
			call(101*sec, background(1000, 32, 32), 500, 468),
			call(102*sec, background(1032, 32, 32), 468, 436),
			call(104*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{
			{Why: WhyTakenAgain, Calls: 2, Asked: 64, Left: 64, TakenAgain: 64, TakenAfter: seconds(5) / 2},
			{Why: WhyGone, Calls: 1, Asked: 64, Left: 64},
		}, 64},
		{"the last that released it", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(131*sec, background(1000, 64, 0), 436, 436),
			call(132*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{
			{Why: WhyGone, Calls: 2, Asked: 128, Left: 128},
			{Why: WhyNotResident, Calls: 1, Asked: 64},
		}, 0},
		{"unmapped in between: new memory", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			call(102*sec, mem.Event{Call: mem.Munmap, Addr: 1000 * kib, Len: 64 * kib}, 436, 436),
			call(103*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{{Why: WhyGone, Calls: 2, Asked: 128, Left: 128}}, 0},
		{"exec in between", []mem.Frame{
			call(101*sec, background(1000, 64, 64), 500, 436),
			marked(102*sec, mem.Mark{Kind: mem.MarkExec}),
			call(103*sec, background(1000, 64, 64), 500, 436),
		}, []Outcome{{Why: WhyGone, Calls: 2, Asked: 128, Left: 128}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := NewAccumulator()
			for _, f := range append([]mem.Frame{header()}, c.frames...) {
				a.Observe(f)
			}
			v := a.Verdict()
			for i := range c.want {
				w := &c.want[i]
				w.Asked, w.Left, w.TakenAgain = w.Asked*kib, w.Left*kib, w.TakenAgain*kib
			}
			if !reflect.DeepEqual(v.Outcomes, c.want) {
				t.Errorf("outcomes\n%+v, want\n%+v", v.Outcomes, c.want)
			}
			if got := a.history.trace(a.last, 0).RefaultedSoon; got != c.soon*kib {
				t.Errorf("%d KiB taken again soon, want %d", got/kib, c.soon)
			}
		})
	}
}

// Whatever comes, the rows sum to the releases, and what is remembered is bounded.
func TestOutcomesSumToTheReleases(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a := NewAccumulator()
	a.Observe(header())
	for i := range 3 * maxRecent {
		length := 4 + 4*r.Int64N(64)
		e := background(4*r.Int64N(100_000), length, r.Int64N(length+1))
		switch r.IntN(8) {
		case 0:
			e = failed(background(1000, length, 0), []string{"EINVAL", "EPERM", "ENOMEM"}[r.IntN(3)])
		case 1:
			e = advice(e, "MADV_FREE")
			e.Attributed = 0
		case 2, 3:
			e = got(e, r.Int64N(length))
		case 4:
			e = mem.Event{Call: mem.Munmap, Addr: e.Addr, Len: e.Len}
		}
		a.Observe(call(100*sec+mem.Instant(i)*sec/100, e, 1000, 1000+e.Attributed/kib))
		if i%1000 == 0 {
			a.Observe(marked(100*sec, mem.Mark{Kind: mem.MarkFork, Child: i + 10}))
			a.Observe(marked(100*sec, mem.Mark{Kind: mem.MarkExit, PID: i/2 + 10}))
		}
	}
	v := a.Verdict()
	var all Outcome
	for _, o := range v.Outcomes {
		all.add(&o)
	}
	rel := v.Releases
	if all.Calls != rel.Calls || all.Asked != rel.Asked || all.Left != rel.Attributed || *all.ToAllocator != *rel.ToAllocator {
		t.Errorf("rows sum to %+v (%d to the allocator), the releases are %+v (%d)", all, *all.ToAllocator, rel, *rel.ToAllocator)
	}
	if all.TakenAgain == 0 || all.TakenAgain > rel.Refaulted || len(v.Outcomes) < 6 {
		t.Errorf("%d taken again, of %d; %d rows", all.TakenAgain, rel.Refaulted, len(v.Outcomes))
	}
	rec := &a.outcomes.recent
	if len(rec.calls) != maxRecent || len(rec.pieces) > 2*maxRecent {
		t.Errorf("%d calls and %d pieces are remembered: no bound", len(rec.calls), len(rec.pieces))
	}
	for i, p := range rec.pieces {
		if p.Empty() || i > 0 && rec.pieces[i-1].End > p.Start || p.call+maxRecent < rec.next {
			t.Fatalf("piece %d of %v: %+v after %+v", i, rec.next, p, rec.pieces[max(i-1, 0)])
		}
	}
}
