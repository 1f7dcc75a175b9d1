package target

import (
	"sort"

	"whyres/collector/goruntime"
	"whyres/collector/mem"
)

// parts fills in whose the mappings are, as far as it is known: VMA.Parts. heap
// is nil where the Go runtime was not read. What cannot be read leaves its
// parts out: the ledger is coarser then.
func (v *View) parts(s *mem.Sample, heap *goruntime.Heap) {
	if heap == nil && v.binary.GoVersion != "" {
		return // where its heap is, is not known: any memory may be that
	}
	var arenas, own, released, stacks []mem.Range
	if heap != nil {
		own, released, stacks = heap.Own, heap.Released, heap.ThreadStacks
		if heap.Pages != nil {
			arenas = heap.Pages.Arenas
		}
	}
	v.partsOutside(s, arenas, own, stacks)
	if len(arenas) > 0 && len(released) > 0 {
		v.partsInside(s, arenas, released)
	}
}

// partsOutside tells the owners of memory outside the arenas.
func (v *View) partsOutside(s *mem.Sample, arenas, own, stacks []mem.Range) {
	outside := func(m *mem.VMA) bool { return isOwnerless(m) && !overlaps(arenas, m.Range) }
	present, ok := v.present(s.VMAs, func(m *mem.VMA) bool { return m.Rss > 0 && outside(m) })
	if !ok {
		return
	}
	known := claimsOf(wholePages(own), mem.OwnerRuntime)
	v.claimBSS(s.VMAs, &known)
	if !v.binary.CgoKnown || v.binary.Cgo { // without C there is neither
		read := reader{present: present, words: v.kernel.Words}.read
		v.claimStacks(s.VMAs, outside, stacks, read, &known)
		find := mallocFinder{vmas: s.VMAs, present: present, read: read, known: &known}
		find.find()
	}
	for i := range s.VMAs {
		if outside(&s.VMAs[i]) {
			s.VMAs[i].Parts = known.parts(&s.VMAs[i], present)
		}
	}
}

// claimStacks claims the stacks of threads that C made. The runtime knows its
// own ones from a little below their tops.
func (v *View) claimStacks(vmas []mem.VMA, outside func(*mem.VMA) bool, told []mem.Range, read readWords, known *claims) {
	sps, _ := v.kernel.ThreadStacks() // none: guards alone tell
	for _, r := range told {
		if !r.Empty() {
			sps = append(sps, (r.End-1)&^7)
		}
	}
	limit, _ := v.kernel.StackLimit()
	find := stackFinder{vmas: vmas, read: read, limit: limit}
	find.find(sps, func(r mem.Range) {
		if i := mapping(vmas, r.Start); i >= 0 && outside(&vmas[i]) {
			known.add(r, mem.OwnerThread)
		}
	})
}

// partsInside tells what the runtime counts as released, and is resident.
func (v *View) partsInside(s *mem.Sample, arenas, released []mem.Range) {
	inside := func(m *mem.VMA) bool { return m.Rss > 0 && overlaps(arenas, m.Range) }
	known := claimsOf(released, mem.OwnerReleased)
	present, ok := v.present(s.VMAs, inside)
	if !ok {
		return
	}
	for i := range s.VMAs {
		if inside(&s.VMAs[i]) {
			s.VMAs[i].Parts = known.parts(&s.VMAs[i], present)
		}
	}
}

// present is what is present of the mappings that are wanted; false where the
// kernel does not tell.
func (v *View) present(vmas []mem.VMA, wanted func(*mem.VMA) bool) ([]run, bool) {
	var ranges []mem.Range
	for i := range vmas {
		if wanted(&vmas[i]) {
			ranges = append(ranges, vmas[i].Range)
		}
	}
	var out []run
	err := v.kernel.Pages(ranges, func(r mem.Range, kind mem.PageKind) { out = append(out, run{r, kind}) })
	return out, err == nil
}

// reader reads only what is present and was written: the kernel would put a
// page behind an address that has none, and that would change the target.
type reader struct {
	present []run
	words   readWords
}

func (r reader) read(at []mem.Addr, n int, visit func(mem.Addr, []uint64)) error {
	there := make([]mem.Addr, 0, len(at))
	for _, a := range at {
		i := sort.Search(len(r.present), func(i int) bool { return a < r.present[i].End })
		if i < len(r.present) && r.present[i].Contains(a) && r.present[i].kind != mem.PageZero {
			there = append(there, a)
		}
	}
	return r.words(there, n, visit)
}

// claimsOf are sorted ranges apart, all of one owner.
func claimsOf(ranges []mem.Range, owner mem.Owner) claims {
	out := make(claims, 0, len(ranges))
	for _, r := range ranges {
		if !r.Empty() {
			out = append(out, claim{r, owner})
		}
	}
	return out
}

// wholePages widens sorted ranges to the pages that they were mapped with.
func wholePages(ranges []mem.Range) []mem.Range {
	out := make([]mem.Range, 0, len(ranges))
	for _, r := range ranges {
		r = mem.Range{Start: r.Start &^ (osPage - 1), End: (r.End + osPage - 1) &^ (osPage - 1)}
		if n := len(out); n > 0 && r.Start < out[n-1].End {
			r.Start = out[n-1].End
		}
		out = append(out, r)
	}
	return out
}

// overlaps reports whether any of the ranges, which are sorted, holds a part of
// r.
func overlaps(ranges []mem.Range, r mem.Range) bool {
	i := sort.Search(len(ranges), func(i int) bool { return r.Start < ranges[i].End })
	return i < len(ranges) && ranges[i].Start < r.End
}
