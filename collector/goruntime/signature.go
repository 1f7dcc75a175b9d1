package goruntime

import (
	"errors"
	"fmt"
	"slices"

	"whyres/collector/mem"
)

// search finds the runtime's variables in a program that has neither a symbol
// table nor DWARF: by what they hold in the live process, and by which code of
// the runtime refers to them (signatureclues.go). mheap_ points to itself
// (signatureheap.go) and needs no code; gcController and allp can do without
// (signaturepacer.go, signatureps.go). An address counts if it is the only one
// that fits.
type search struct {
	image *image
	bias  uint64
	where *where
	// memory is read with care for what has no pages; plain is not: it is for
	// what is read all the time later on.
	memory, plain reader

	// data is where variables are, whole where the program is mapped.
	data  []mem.Range
	whole mem.Range
	code  *codeReader
	// budget is how many more reads may follow what the target's memory says.
	budget int
	notes  []string
}

// reader is the target's memory.
type reader interface {
	// read fills buf with the memory of the spans, one after the other, or fails.
	read(buf []byte, spans []span) error
	// word reads one 8-byte word.
	word(addr uint64) (uint64, error)
}

const maxSearchReads = 1 << 17

// bySignature finds the absolute addresses of the variables and puts them in
// where.addr, under the keys of layout.Roots and isCgo. notes say what else could
// not be found. The error wraps ErrNotFound where the memory does not show a
// variable that is needed: the runtime fills most of them in as it starts.
//
// The order matters: memstats is known by mheap_, which points at it, and so on.
func (s *search) bySignature() error {
	s.data, s.whole = variables(s.image.elf, s.bias)
	s.code = newCodeReader(s.image, s.memory, s.bias)
	s.budget = maxSearchReads
	for _, find := range []func() error{s.findHeap, s.findPacer, s.findPs} {
		if err := find(); err != nil {
			return err
		}
	}
	s.followClues()
	return nil
}

// errTooMuch ends a search that damaged or hostile memory would make long.
var errTooMuch = errors.New("too much in its memory looks like the runtime's variables")

// spend takes n reads from the budget.
func (s *search) spend(n int) error {
	if s.budget -= n; s.budget < 0 {
		return fmt.Errorf("%w: %w", ErrNotFound, errTooMuch)
	}
	return nil
}

// place notes the only one of the addresses as the variable's.
func (s *search) place(key string, found []uint64) error {
	if found = sortedSet(found); len(found) != 1 {
		return fmt.Errorf("%w: %d places look like runtime.%s", ErrNotFound, len(found), key)
	}
	s.where.addr[key] = found[0]
	return nil
}

// need returns an error that names the first of the keys that the layout of
// this version lacks.
func (s *search) need(keys ...string) error {
	for _, key := range keys {
		if !s.where.has(key) {
			return fmt.Errorf("%w: no offset of %s", ErrNoLayout, key)
		}
	}
	return nil
}

// words reads 8-byte words at the addresses with one call.
func (s *search) words(addrs ...uint64) ([]uint64, error) {
	if err := s.spend(1); err != nil {
		return nil, err
	}
	spans := make([]span, len(addrs))
	for i, a := range addrs {
		spans[i] = span{a, 8}
	}
	buf := make([]byte, 8*len(addrs))
	if err := s.memory.read(buf, spans); err != nil {
		return nil, err
	}
	return wordsOf(buf), nil
}

// isData reports whether n bytes at the address can be a variable.
func (s *search) isData(addr, n uint64) bool {
	return slices.ContainsFunc(s.data, func(r mem.Range) bool {
		return addr >= uint64(r.Start) && addr < uint64(r.End) && n <= uint64(r.End)-addr
	})
}

// pointer reports whether the word can point to an object outside the program.
func (s *search) pointer(v uint64) bool {
	return plausible(v) && !s.whole.Contains(mem.Addr(v))
}

// plausible reports whether the word can point to an 8-aligned object in user
// space (47 bits on amd64; arm64's 48 are not used by Go).
func plausible(v uint64) bool { return v >= 1<<16 && v < 1<<48 && v%8 == 0 }
