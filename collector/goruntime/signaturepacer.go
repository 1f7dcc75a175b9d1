package goruntime

import (
	"encoding/binary"
	"errors"
	"fmt"
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
// dies if they differ. They differ for a moment while the heap changes: where the
// code does not tell it, they are compared until they agree.
func (s *search) findPacer() error {
	if !s.where.has("gcController") {
		return nil
	}
	p := s.newPacerTest()
	byCode, errCode := s.pacerByCode()
	if !p.ok || len(byCode) == 1 {
		return errors.Join(errCode, s.place("gcController", byCode))
	}
	candidates, err := s.scanPacers(p)
	if err != nil {
		return err
	}
	for range maxRetries {
		found, err := s.pacersThatAgree(p, candidates)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return s.place("gcController", found)
		}
	}
	return s.place("gcController", nil)
}

// pacerByCode asks the code again while no place fits: the sizes that tell it may
// just be changing.
func (s *search) pacerByCode() (found []uint64, err error) {
	const tries = 8
	for range tries {
		if found, err = s.candidates(clueOf("gcController")); err != nil || len(found) > 0 {
			break
		}
	}
	return found, err
}

// scanPacers are all the places that may be it.
func (s *search) scanPacers(p pacerTest) (places []uint64, err error) {
	err = s.scan(func(at uint64, piece []byte) error {
		for i := 0; i+8 <= len(piece); i += 8 {
			if v := binary.LittleEndian.Uint64(piece[i:]); v != 0 && p.fits(piece, i, v) {
				places = append(places, at+uint64(i-p.inUse))
			}
		}
		if len(places) > maxPacers {
			return fmt.Errorf("%w: %w", ErrNotFound, errTooMuch)
		}
		return nil
	})
	return sortedSet(places), err
}

// fitsPacer: the sizes of the heap, or up to Go 1.18 what GOGC makes of the
// least heap.
func fitsPacer(s *search, at uint64, refs refSet) (bool, error) {
	p := s.newPacerTest()
	if !p.ok {
		return s.fitsOldPacer(at, refs)
	}
	b := make([]byte, p.size)
	if err := s.memory.read(b, []span{{at, p.size}}); err != nil {
		return false, err
	}
	inUse := binary.LittleEndian.Uint64(b[p.inUse:])
	return inUse != 0 && p.fits(b, p.inUse, inUse), nil
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
