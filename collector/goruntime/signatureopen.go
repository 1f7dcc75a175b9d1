package goruntime

import (
	"errors"

	"whyres/collector/goruntime/internal/layout"
)

// locateStripped does without any symbols what locate does with them: the
// addresses under each layout are found in memory.
func (l *locator) locateStripped(im *image, proc string, v layout.Version, release bool) error {
	memory, end := openPageReader(proc, &l.target.memory)
	defer end()
	l.search = func(known layout.Layout) (map[string]uint64, error) {
		s := &search{
			image: im, bias: l.bias, memory: memory, plain: &l.target.memory,
			where: &where{layout: known, arch: l.arch, minor: l.minor, addr: map[string]uint64{}},
		}
		err := s.bySignature()
		l.notes = s.notes
		return s.where.addr, err
	}
	err := layout.ErrUnknown
	if release {
		err = unlessTorn(l.tryTable(v))
	}
	if errors.Is(err, layout.ErrUnknown) {
		err = l.tryNearby(v)
	}
	if err == nil {
		l.target.Binary.Notes = append(l.target.Binary.Notes, l.notes...)
	}
	return err
}
