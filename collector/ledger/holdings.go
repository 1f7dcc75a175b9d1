package ledger

import "whyres/collector/mem"

// holdings is what the mappings hold: resident bytes by owner where one is
// known, and of what is left by the mapping's class.
type holdings struct {
	class map[class]int64
	owner map[mem.Owner]int64
	// anon are the mappings that nothing names, less what owners have of them.
	anon []remainder
	// located: the runtime's own ranges are known, so much of them (mapped,
	// resident or not) in mappings that can be written.
	located int64
	told    bool
	// guessedBSS is what counts as zeroed variables by an estimate.
	guessedBSS int64
	back       releasedBack
}

// remainder is what is left of a mapping: its length and what is resident.
type remainder struct{ bytes, resident uint64 }

// releasedBack is what the heap's mappings say of released memory that is
// resident, in bytes.
type releasedBack struct {
	// known: the released pages' own residency was asked for.
	known              bool
	locked, lazy, huge int64
	// allLocked: each of the heap's mappings is locked.
	allLocked bool
}

// hold sums up the mappings.
func hold(vmas []mem.VMA, arenas []mem.Range, p mem.Process) holdings {
	h := holdings{class: map[class]int64{}, owner: map[mem.Owner]int64{}}
	h.back = releasedBack{known: tellsReleased(vmas), allLocked: true}
	files := filesOf(vmas, p.Exe)
	for i, c := range classes(vmas, arenas, files.exe, p.Cgo) {
		v := &vmas[i]
		switch c {
		case classArena:
			h.class[c] += clamp(v.Rss)
			h.back.add(v)
			continue
		case classShmem:
			h.takeShmem(v, files)
			continue
		}
		left := h.take(v)
		if b, ok := files.behind(vmas, i); ok {
			h.takeBSS(v, b, &left)
		}
		h.class[c] += clamp(left.resident)
		if c == classAnon {
			h.anon = append(h.anon, left)
		}
	}
	return h
}

// takeShmem takes a mapping of shared memory. What was written to a private one
// of it is no shared memory any more, but the process's own.
func (h *holdings) takeShmem(v *mem.VMA, f files) {
	own := min(v.Anonymous, v.Rss)
	h.class[classShmem] += clamp(v.Rss - own)
	if f.code[v.Path] { // a library on a tmpfs
		h.class[classFile] += clamp(own)
		return
	}
	h.class[classOffHeap] += clamp(own)
}

// take gives the owners their parts and returns what is left.
func (h *holdings) take(v *mem.VMA) remainder {
	left := remainder{bytes: v.Len(), resident: v.Rss}
	for _, part := range v.Parts {
		switch part.Owner {
		case mem.OwnerRuntime, mem.OwnerMalloc, mem.OwnerThread:
		default:
			continue // of arenas only, or of a newer whyres's recording
		}
		got := min(part.Resident, part.Bytes, left.resident)
		left.resident -= got
		left.bytes -= min(part.Bytes, left.bytes)
		h.owner[part.Owner] += clamp(got)
		if part.Owner == mem.OwnerRuntime {
			h.told = true
			h.located += clamp(part.Bytes)
		}
	}
	return left
}

// tellsReleased reports whether any mapping tells what of it was released.
func tellsReleased(vmas []mem.VMA) bool {
	for i := range vmas {
		for _, part := range vmas[i].Parts {
			if part.Owner == mem.OwnerReleased {
				return true
			}
		}
	}
	return false
}

// add takes one of the heap's mappings. Where it is not known what of it was
// released, all may be.
func (b *releasedBack) add(v *mem.VMA) {
	if v.Rss == 0 {
		return
	}
	b.allLocked = b.allLocked && v.Locked > 0
	released := mem.Amount{}
	for _, part := range v.Parts {
		if part.Owner == mem.OwnerReleased {
			released = part.Amount
		}
	}
	there := min(released.Resident, released.Bytes, v.Rss)
	if !b.known {
		there = v.Rss
	}
	switch {
	case v.Locked == 0:
		lazy := min(v.LazyFree, there)
		b.lazy += clamp(lazy)
		b.huge += clamp(min(released.Huge, there-lazy))
	case b.known:
		b.locked += clamp(there)
	}
}
