package goruntime

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// findPs finds runtime.allp, the slice of pointers to Ps: each P has its own
// index as id, and a slice (sudogcache) that begins in an array of its own
// (sudogbuf), ever since p.init or procresize (runtime/proc.go) set it so.
func (s *search) findPs() error {
	if err := s.need("p.id", "p.sudogcache", "p.sudogbuf"); err != nil {
		return err
	}
	if s.follow(clueOf("allp")) == nil {
		return nil
	}
	slices, err := s.scanSlices()
	if err != nil {
		return err
	}
	var found []uint64
	for _, slice := range slices {
		ok, err := s.arePs(slice.data, slice.n)
		if err != nil && !errors.Is(err, ErrUnmapped) {
			return err
		}
		if ok && err == nil {
			found = append(found, slice.at)
		}
	}
	return s.place("allp", found)
}

// sliceAt is a slice of pointers that may be allp: where it is, what it holds.
type sliceAt struct{ at, data, n uint64 }

// scanSlices are all the places that may be it.
func (s *search) scanSlices() (places []sliceAt, err error) {
	err = s.scan(func(at uint64, piece []byte) error {
		for i := 0; i+24 <= len(piece); i += 8 {
			v := binary.LittleEndian.Uint64(piece[i:])
			if v == 0 || !s.pointer(v) {
				continue
			}
			n := binary.LittleEndian.Uint64(piece[i+8:])
			if lengths(n, binary.LittleEndian.Uint64(piece[i+16:])) {
				places = append(places, sliceAt{at + uint64(i), v, n})
			}
		}
		if len(places) > maxSlices {
			return fmt.Errorf("%w: %w", ErrNotFound, errTooMuch)
		}
		return nil
	})
	return places, err
}

// lengths reports whether these can be the length and capacity of allp.
func lengths(n, c uint64) bool { return n >= 1 && n <= c && c <= maxPs }

// fitsAllp: a slice of Ps. Code tells it from copies, such as m0.allpSnapshot.
func fitsAllp(s *search, at uint64, _ refSet) (bool, error) {
	v, err := s.words(at, at+8, at+16)
	if err != nil || !s.pointer(v[0]) || !lengths(v[1], v[2]) {
		return false, err
	}
	return s.arePs(v[0], v[1])
}

func (s *search) arePs(data, n uint64) (bool, error) {
	first, err := s.words(data)
	if err != nil || !s.pointer(first[0]) {
		return false, err
	}
	if ok, err := s.isP(0, first[0]); !ok || err != nil {
		return false, err
	}
	if err := s.spend(int(n)); err != nil {
		return false, err
	}
	ptrs := make([]byte, 8*n)
	if err := s.memory.read(ptrs, []span{{data, len(ptrs)}}); err != nil {
		return false, err
	}
	for i, p := range wordsOf(ptrs) {
		if ok, err := s.isP(i, p); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *search) isP(i int, p uint64) (bool, error) {
	if !plausible(p) {
		return false, nil
	}
	v, err := s.words(p+s.where.layout["p.id"], p+s.where.layout["p.sudogcache"])
	if err != nil {
		return false, err
	}
	return uint32(v[0]) == uint32(i) && v[1] == p+s.where.layout["p.sudogbuf"], nil
}
