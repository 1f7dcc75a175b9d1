package goruntime

// maxListed bounds the lists that are followed.
const maxListed = 1 << 14

// fitsScavenge: gcPaceScavenger stores both goals.
func fitsScavenge(s *search, at uint64, refs refSet) (bool, error) {
	if err := s.need("scavenge.gcPercentGoal", "scavenge.memoryLimitGoal"); err != nil {
		return false, err
	}
	percent, limit := s.where.layout["scavenge.gcPercentGoal"], s.where.layout["scavenge.memoryLimitGoal"]
	if !refs.has(at+percent) || !refs.has(at+limit) {
		return false, nil
	}
	v, err := s.words(at+percent, at+limit)
	return err == nil && isGoal(v[0]) && isGoal(v[1]), err
}

// isGoal: a goal is a size, or 0 before the first GC, or ^0 for none.
func isGoal(v uint64) bool { return v < 1<<48 || v == ^uint64(0) }

// leastHeap is what setGCPercent (runtime/mgc.go, mgcpacer.go) makes of GOGC:
// defaultHeapMinimum for 100.
func leastHeap(percent int32) uint64 { return 4 << 20 * uint64(percent) / 100 }

// fitsOldPacer is of Go 1.17 and 1.18: gcinit calls a method of it. The goal is
// at least what the last GC found live, or ^0 without GOGC.
func (s *search) fitsOldPacer(at uint64, refs refSet) (bool, error) {
	err := s.need("gcController.gcPercent", "gcController.heapMinimum", "gcController.heapGoal", "gcController.heapMarked")
	if err != nil || !refs.has(at) {
		return false, err
	}
	off := func(field string) uint64 { return s.where.layout["gcController."+field] }
	v, err := s.words(at+off("gcPercent"), at+off("heapMinimum"), at+off("heapGoal"), at+off("heapMarked"))
	return err == nil && v[1] == leastHeap(int32(v[0])) && v[3] != 0 && v[2] >= v[3], err
}

// fitsPercent is of the variable gcpercent, up to Go 1.16; setGCPercent sets
// heapminimum with it.
func fitsPercent(s *search, at uint64, refs refSet) (bool, error) {
	for minimum := range refs {
		if minimum == at || !s.isData(minimum, 8) {
			continue
		}
		v, err := s.words(at, minimum)
		if err != nil {
			return false, err
		}
		if v[1] != 0 && v[1] == leastHeap(int32(v[0])) {
			return true, nil
		}
	}
	return false, nil
}

// fitsAllgs: a slice of gs.
func fitsAllgs(s *search, at uint64, _ refSet) (bool, error) {
	if err := s.need("g.stack.lo", "g.stack.hi", "g.goid"); err != nil || !s.isData(at, 24) {
		return false, err
	}
	v, err := s.words(at, at+8, at+16)
	if err != nil {
		return false, err
	}
	data, n := v[0], v[1]
	if !s.pointer(data) || n < 1 || v[2] < n || v[2] > 1<<32 {
		return false, nil
	}
	const look = 16
	for i := range min(n, look) {
		g, err := s.words(data + 8*i)
		if err != nil {
			return false, err
		}
		if ok, err := s.isG(g[0]); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// fitsAllglen: the length of allgs, set right after it.
func fitsAllglen(s *search, at uint64, _ refSet) (bool, error) {
	return s.mirrors(at, s.where.addr["allgs"]+8)
}

// fitsAllgptr: the array of allgs.
func fitsAllgptr(s *search, at uint64, _ refSet) (bool, error) {
	return s.mirrors(at, s.where.addr["allgs"])
}

// mirrors reports whether both words are equal and not 0.
func (s *search) mirrors(at, other uint64) (bool, error) {
	v, err := s.words(at, other)
	return err == nil && v[0] == v[1] && v[0] != 0, err
}

func (s *search) isG(g uint64) (bool, error) {
	if !plausible(g) {
		return false, nil
	}
	v, err := s.words(g+s.where.layout["g.stack.lo"], g+s.where.layout["g.stack.hi"], g+s.where.layout["g.goid"])
	if err != nil {
		return false, err
	}
	lo, hi, goid := v[0], v[1], v[2]
	stack := lo == 0 && hi == 0 || plausible(lo) && plausible(hi) && lo < hi && hi-lo <= 2<<30
	return stack && goid < 1<<48, nil
}

// fitsAllm: a list of ms that ends with m0, which is a variable.
func fitsAllm(s *search, at uint64, _ refSet) (bool, error) {
	if err := s.need("m", "m.alllink", "m.g0"); err != nil {
		return false, err
	}
	v, err := s.words(at)
	if err != nil {
		return false, err
	}
	m := v[0]
	for range maxListed {
		if !plausible(m) {
			return false, nil
		}
		v, err := s.words(m+s.where.layout["m.alllink"], m+s.where.layout["m.g0"])
		if err != nil || !plausible(v[1]) {
			return false, err
		}
		if v[0] == 0 {
			return s.isData(m, s.where.layout["m"]), nil
		}
		m = v[0]
	}
	return false, nil
}

// fitsChunks: persistentalloc1 has a list of chunks, whole pages that begin with
// the address of the next one. globalAlloc.base begins such a list as well, but
// the mutex before it is referred to.
func fitsChunks(s *search, at uint64, refs refSet) (bool, error) {
	if refs.has(at - 8) {
		return false, nil
	}
	chunk, err := s.memory.word(at)
	if err != nil {
		return false, err
	}
	for range maxListed {
		if !s.wholePages(chunk) {
			return false, nil
		}
		v, err := s.words(chunk)
		if err != nil {
			return false, err
		}
		if v[0] == 0 {
			return true, nil
		}
		chunk = v[0]
	}
	return false, nil
}

// wholePages reports whether the word can point to memory from the kernel.
func (s *search) wholePages(v uint64) bool { return s.pointer(v) && v%4096 == 0 }

// fitsBitsArenas: nextMarkBitArenaEpoch takes the lock, and moves each of the
// lists behind it to the next one.
func fitsBitsArenas(s *search, at uint64, refs refSet) (bool, error) {
	lists := []string{"gcBitsArenas.free", "gcBitsArenas.next", "gcBitsArenas.current", "gcBitsArenas.previous"}
	if err := s.need(lists...); err != nil || !refs.has(at) {
		return false, err
	}
	some := false
	for _, key := range lists {
		addr := at + s.where.layout[key]
		if !refs.has(addr) {
			return false, nil
		}
		v, err := s.words(addr)
		if err != nil || v[0] != 0 && !s.wholePages(v[0]) {
			return false, err
		}
		some = some || v[0] != 0
	}
	return some, nil
}

// fitsBuckets: stkbucket has the table of profiling buckets from the system, the
// first time that it is called; the buckets themselves are in no pages of their
// own.
func fitsBuckets(s *search, at uint64, _ refSet) (bool, error) {
	v, err := s.words(at)
	return err == nil && s.wholePages(v[0]), err
}

// fitsWork: freeDeadSpanSPMCs takes a lock, and looks at the list right behind
// it.
func fitsWork(s *search, at uint64, refs refSet) (bool, error) {
	if err := s.need("work.spanSPMCs.list.obj"); err != nil {
		return false, err
	}
	list := at + s.where.layout["work.spanSPMCs.list.obj"]
	if !refs.has(list) || !refs.has(list-8) {
		return false, nil
	}
	v, err := s.words(list)
	return err == nil && (v[0] == 0 || plausible(v[0])), err
}

// fitsStackpool: lists of spans, empty or not, and locks.
func fitsStackpool(s *search, at uint64, refs refSet) (bool, error) {
	return refs.has(at) && s.holdsPointers(at, s.where.layout["stackpool"]), nil
}

// fitsStackLarge: a lock, and lists of spans behind it; the code refers to both.
func fitsStackLarge(s *search, at uint64, refs refSet) (bool, error) {
	if err := s.need("stackLarge.free"); err != nil {
		return false, err
	}
	lists := s.where.layout["stackLarge.free"]
	return refs.has(at) && refs.has(at+lists) && s.holdsPointers(at+lists, s.where.layout["stackLarge"]-lists), nil
}

// holdsPointers reports whether each word is nil, can point to an object, or is
// a lock's state.
func (s *search) holdsPointers(at, n uint64) bool {
	for ; n >= 8; at, n = at+8, n-8 {
		v, err := s.plain.word(at)
		if err != nil || s.spend(1) != nil || v > 8 && !plausible(v) {
			return false
		}
	}
	return true
}

// fitsFlag: one byte, true or false.
func fitsFlag(s *search, at uint64, refs refSet) (bool, error) {
	if refs[at].size != 1 {
		return false, nil
	}
	var b [1]byte
	err := s.memory.read(b[:], []span{{at, 1}})
	return err == nil && b[0] <= 1, err
}
