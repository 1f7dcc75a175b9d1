package target

import (
	"slices"
	"sort"

	"whyres/collector/mem"
)

// readWords reads n words at each of the addresses; kernel.Process.Words.
type readWords func(at []mem.Addr, n int, visit func(at mem.Addr, words []uint64)) error

// Sizes of thread stacks.
const (
	osPage    = 4 << 10
	pageWords = osPage / 8
	// stackDepth is how far above a thread's stack pointer its stack's top is
	// looked for.
	stackDepth = 16 * osPage
	// stackTop is how far below a stack's top glibc keeps what it knows of the
	// thread (struct pthread, and static thread-local data).
	stackTop = 64 << 10
	maxGuard = 64 << 10
)

// stackFinder finds the stacks of threads that C made. glibc keeps the place
// of each at its top (struct pthread: stackblock, stackblock_size, guardsize),
// and this is looked for; where it is not found, the guard below a mapping
// tells.
type stackFinder struct {
	vmas  []mem.VMA
	read  readWords
	limit uint64 // what a thread gets unless told otherwise, 0 if not known
	place map[mem.Addr]mem.Range
}

// find calls visit for each stack; sps are stack pointers of threads.
func (f *stackFinder) find(sps []mem.Addr, visit func(mem.Range)) {
	sps = f.candidates(sps)
	f.place = make(map[mem.Addr]mem.Range, len(sps))
	f.look(sps, func(v *mem.VMA, _ mem.Addr) mem.Addr { return v.End - osPage })
	f.look(sps, func(v *mem.VMA, _ mem.Addr) mem.Addr {
		return v.Start + mem.Addr(f.limit&^(osPage-1)) - osPage
	})
	for up := mem.Addr(0); up < stackDepth; up += osPage {
		f.look(sps, func(_ *mem.VMA, sp mem.Addr) mem.Addr { return sp&^(osPage-1) + up })
	}
	for _, sp := range sps {
		v := mapping(f.vmas, sp)
		r, told := f.place[sp]
		if told {
			visit(r)
		} else if hasGuard(f.vmas, v) && (sp != f.vmas[v].Start || f.isUsual(v)) {
			visit(f.above(v))
		}
	}
}

// candidates are the stack pointers, and the starts of mappings above a guard:
// threads that run tell no pointer, and the C library keeps stacks of some
// that have ended.
func (f *stackFinder) candidates(sps []mem.Addr) (out []mem.Addr) {
	for _, sp := range sps {
		if v := mapping(f.vmas, sp); v >= 0 && isOwnerless(&f.vmas[v]) {
			out = append(out, sp)
		}
	}
	for v := range f.vmas {
		if f.vmas[v].Rss > 0 && isOwnerless(&f.vmas[v]) && hasGuard(f.vmas, v) {
			out = append(out, f.vmas[v].Start)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// look reads one page for each stack pointer whose stack is not known yet: the
// page may tell.
func (f *stackFinder) look(sps []mem.Addr, page func(v *mem.VMA, sp mem.Addr) mem.Addr) {
	of := map[mem.Addr][]mem.Addr{}
	var pages []mem.Addr
	for _, sp := range sps {
		v := &f.vmas[mapping(f.vmas, sp)]
		a := page(v, sp) &^ (osPage - 1)
		if _, known := f.place[sp]; known || !v.Contains(a) {
			continue
		}
		if of[a] == nil {
			pages = append(pages, a)
		}
		of[a] = append(of[a], sp)
	}
	_ = f.read(pages, pageWords, func(at mem.Addr, words []uint64) {
		for _, sp := range of[at] {
			if r, ok := f.placeIn(at, words, sp); ok {
				f.place[sp] = r
			}
		}
	})
}

// isUsual: as long as stacks are, the guard included or not.
func (f *stackFinder) isUsual(v int) bool {
	n := f.vmas[v].Len()
	return f.limit > 0 && (n == f.limit || n+f.vmas[v-1].Len() == f.limit)
}

// placeIn looks for the three words {stackblock, size, guard} of the stack that
// sp points into, in the words of a page.
func (f *stackFinder) placeIn(at mem.Addr, words []uint64, sp mem.Addr) (mem.Range, bool) {
	for i := range len(words) - 2 {
		block, size, guard := words[i], words[i+1], words[i+2]
		if block == 0 || (block|size|guard)%osPage != 0 || guard >= size {
			continue
		}
		r := mem.RangeAt(mem.Addr(block), size)
		here := at + mem.Addr(8*i)
		r.Start += mem.Addr(guard)
		if !r.Contains(sp) || !r.Contains(here) || r.End-here > stackTop {
			continue
		}
		if v := f.vmas[mapping(f.vmas, sp)]; v.Start <= r.Start && r.End <= v.End {
			return r, true
		}
	}
	return mem.Range{}, false
}

// above is the stack above a guard. The kernel joins a stack with a neighbour
// above it: what is longer than a stack is that.
func (f *stackFinder) above(v int) mem.Range {
	r := f.vmas[v].Range
	if f.limit > 0 && r.Len() > f.limit {
		r.End = r.Start + mem.Addr(f.limit)
	}
	return r
}

// mapping is the index of the mapping that holds the address, -1 if none.
func mapping(vmas []mem.VMA, a mem.Addr) int {
	i := sort.Search(len(vmas), func(i int) bool { return a < vmas[i].End })
	if i == len(vmas) || !vmas[i].Contains(a) {
		return -1
	}
	return i
}

// isOwnerless: writable private memory of no file and no name.
func isOwnerless(v *mem.VMA) bool {
	return v.Path == "" && v.Inode == 0 && len(v.Perms) == 4 && v.Perms[1] == 'w' && v.Perms[3] == 'p'
}

// hasGuard: right below the mapping lies a short one without access.
func hasGuard(vmas []mem.VMA, v int) bool {
	if v <= 0 {
		return false
	}
	guard := &vmas[v-1]
	return guard.Path == "" && len(guard.Perms) == 4 && guard.Perms[:3] == "---" &&
		guard.End == vmas[v].Start && guard.Len() <= maxGuard
}
