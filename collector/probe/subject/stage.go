package subject

import (
	"errors"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// stage is the memory of one run, and what has to be undone after it.
type stage struct {
	*region
	*bench
	undo   []func() error
	keep   byte
	pidfd  int
	vector unix.Iovec // here, since the stack may move
}

func (b *bench) newStage() (*stage, error) {
	r, err := newRegion()
	if err != nil {
		return nil, err
	}
	s := &stage{region: r, bench: b}
	s.atEnd(r.free)
	return s, nil
}

func (s *stage) atEnd(do func() error) { s.undo = append(s.undo, do) }

func (s *stage) close() error {
	var failed []error
	for i := len(s.undo) - 1; i >= 0; i-- {
		failed = append(failed, s.undo[i]())
	}
	return errors.Join(failed...)
}

// sight is what smaps says of the region, in bytes.
type sight struct{ rss, lazy, thp int64 }

func (s *stage) see() (sight, error) {
	all, err := s.me.Smaps()
	if err != nil {
		return sight{}, err
	}
	var out sight
	from := s.addr(span{})
	for i := range all.VMAs {
		v := &all.VMAs[i]
		if v.Start < from || v.End > from+mem.Addr(size) {
			continue
		}
		out.rss += int64(v.Rss)
		out.lazy += int64(v.LazyFree)
		out.thp += int64(v.AnonHugePages)
	}
	return out, nil
}
