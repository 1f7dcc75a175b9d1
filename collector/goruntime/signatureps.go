package goruntime

import (
	"encoding/binary"
	"errors"
)

// sliceOfPs reports whether the words that follow a pointer can be the length
// and capacity of runtime.allp.
func sliceOfPs(rest []byte) bool {
	if len(rest) < 16 {
		return false
	}
	n, c := binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:])
	return n >= 1 && n <= c && c <= maxPs
}

// findPs finds runtime.allp, the slice of pointers to Ps: each P has its own
// index as id, and a slice (sudogcache) that begins in an array of its own
// (sudogbuf), ever since p.init or procresize (runtime/proc.go) set it so.
func (s *search) findPs(f findings) error {
	if err := s.need("p.id", "p.sudogcache", "p.sudogbuf"); err != nil {
		return err
	}
	var found []uint64
	for _, at := range f.slices {
		ok, err := s.arePs(at, nil)
		if err != nil && !errors.Is(err, ErrUnmapped) {
			return err
		}
		if ok && err == nil {
			found = append(found, at)
		}
	}
	return s.place("allp", found)
}

func (s *search) arePs(at uint64, _ refSet) (bool, error) {
	header, err := s.words(at, at+8)
	if err != nil {
		return false, err
	}
	data, n := header[0], header[1]
	first, err := s.words(data)
	if err != nil || !s.pointer(first[0]) || n > maxPs {
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
