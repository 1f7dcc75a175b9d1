package goruntime

import (
	"encoding/binary"
	"slices"
)

// pacerTest knows runtime.gcController, as of Go 1.19, by the sizes of the heap
// that it keeps.
type pacerTest struct {
	size, inUse, released, free, mapped int
	// ok: this version keeps them there.
	ok bool
}

func (s *search) newPacerTest() pacerTest {
	off := func(field string) int { return s.where.off("gcController." + field) }
	return pacerTest{
		size:  s.where.off("gcController"),
		inUse: off("heapInUse"), released: off("heapReleased"), free: off("heapFree"), mapped: off("mappedReady"),
		ok: s.where.has("gcController.heapInUse"),
	}
}

// fits reports whether the word v, at i of a piece of memory, can be
// gcController.heapInUse: its neighbours are sizes in whole pages as well.
func (p pacerTest) fits(piece []byte, i int, v uint64) bool {
	at := i - p.inUse
	if !p.ok || !pages(v) || at < 0 || at+p.size > len(piece) {
		return false
	}
	u64 := func(field int) uint64 { return binary.LittleEndian.Uint64(piece[at+field:]) }
	mapped := u64(p.mapped)
	return pages(u64(p.released)) && pages(u64(p.free)) && mapped != 0 && mapped < 1<<48
}

// pages reports whether the number can be bytes in whole pages of the heap.
func pages(v uint64) bool { return v%pageSize == 0 && v < 1<<48 }

// findPacer finds runtime.gcController. From Go 1.19 on its sizes of the heap
// are those that memstats.heapStats add up to: readmemstats_m (runtime/mstats.go)
// dies if they differ. They differ for a moment when the heap changes, so they
// are compared until they agree. Before that it is told by the code that uses it.
func (s *search) findPacer(f findings) error {
	if !s.where.has("gcController") {
		return nil
	}
	p := s.newPacerTest()
	if !p.ok {
		c, _ := clueOf("gcController")
		return s.follow(c)
	}
	if err := s.need("memstats.heapStats.stats", "heapStatsDelta"); err != nil {
		return err
	}
	var found []uint64
	for try := 0; try <= maxRetries && len(found) == 0; try++ {
		var err error
		if found, err = s.pacersThatAgree(p, f.pacers); err != nil {
			return err
		}
	}
	if c, _ := clueOf("gcController"); len(found) == 0 {
		// It changes all the time: then the code must tell.
		refs, err := s.refsOf(c)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(f.pacers, func(at uint64) bool { return !s.refersTo(refs, c.key, at) })
	}
	return s.place("gcController", found)
}

func (s *search) pacersThatAgree(p pacerTest, candidates []uint64) (found []uint64, err error) {
	if err := s.spend(1 + len(candidates)); err != nil {
		return nil, err
	}
	const generations = 3
	stats, statsSize := s.where.off("memstats.heapStats.stats"), generations*s.where.off("heapStatsDelta")
	spans := []span{{s.where.field("memstats", "heapStats.stats"), statsSize}}
	for _, at := range candidates {
		spans = append(spans, span{at, p.size})
	}
	buf := make([]byte, statsSize+p.size*len(candidates))
	if err := s.plain.read(buf, spans); err != nil {
		return nil, err
	}
	h := light{w: s.where, plan: &lightPlan{at: map[string]int{"memstats": -stats}}, buf: buf}.heapStats()
	free := h.committed - h.inStacks - h.inWorkBufs - h.inPtrScalarBits - h.inHeap
	for i, at := range candidates {
		u64 := func(field int) uint64 { return binary.LittleEndian.Uint64(buf[statsSize+i*p.size+field:]) }
		if h.inHeap != 0 && u64(p.inUse) == h.inHeap && u64(p.released) == h.released && u64(p.free) == free {
			found = append(found, at)
		}
	}
	return found, nil
}
