package goruntime

import (
	"errors"
	"fmt"

	"whyres/collector/goruntime/internal/layout"
)

// locate finds the runtime's variables and a layout that holds for them: the
// table's, if it has this very version, since that costs least; else the
// binary's own, from its DWARF; else that of a version nearby, if everything
// that the runtime counts twice agrees under it.
func (t *Target) locate(im *image, proc string, bias uint64) error {
	version, release := layout.ParseVersion(t.Binary.GoVersion)
	arch := goarch(im.elf)
	if arch == "" {
		return fmt.Errorf("%w: machine %v, want amd64 or arm64", ErrDamaged, im.elf.Machine)
	}
	l := locator{target: t, arch: arch, minor: version.Minor, bias: bias}
	var err error
	if l.symbols, l.hasSymbols, err = variableSymbols(im, version.Minor); err != nil {
		return err
	}
	errTable := layout.ErrUnknown
	if release && l.hasSymbols {
		if errTable = l.tryTable(version); errTable == nil || hopeless(errTable) {
			return errTable
		}
	}
	own, addrs, errDWARF := layout.FromDWARF(im.elf, version.Minor)
	switch {
	case errDWARF == nil:
		return unlessTorn(l.try(own, fromDWARF, addrs))
	case !l.hasSymbols:
		return l.locateStripped(im, proc, version, release)
	case errors.Is(errTable, errTorn):
		return nil // it stays taken up
	case !errors.Is(errTable, layout.ErrUnknown):
		return errTable
	}
	return l.tryNearby(version)
}

// locator tries layouts on a target.
type locator struct {
	target     *Target
	arch       string
	minor      int
	bias       uint64
	symbols    map[string]uint64
	hasSymbols bool
	// search finds the addresses in memory under a layout; nil: they are known.
	search func(layout.Layout) (map[string]uint64, error)
	notes  []string
}

func (l *locator) tryTable(v layout.Version) error {
	known, err := layout.FromTable(v, l.arch)
	if err != nil {
		return err
	}
	return l.try(known, fromTable, nil)
}

// try takes up the layout, if the target's memory looks like it.
func (l *locator) try(candidate layout.Layout, source layoutSource, debugAddrs map[string]uint64) error {
	w, err := newWhere(candidate, source, l.arch, l.minor)
	if err != nil {
		return err
	}
	if l.search != nil {
		w.addr, err = l.search(candidate)
	} else {
		err = w.place(l.symbols, debugAddrs)
		w.relocate(l.bias)
	}
	if err != nil {
		return err
	}
	l.target.adopt(w)
	return l.target.looksRight()
}

// tryNearby takes up the layout of a release nearby only when it is proved.
func (l *locator) tryNearby(v layout.Version) error {
	standIns, err := layout.StandIns(v, l.arch)
	if err != nil {
		return err
	}
	failed := layout.ErrUnknown
	for _, s := range standIns {
		if err = unlessTorn(l.try(s.Layout, fromNearby, nil)); err == nil {
			err = l.target.isProved()
		}
		if err == nil {
			l.target.Binary.Notes = append(l.target.Binary.Notes,
				fmt.Sprintf("field offsets of %s stand in for those of %s: all that the runtime counts twice agrees under them; goroutines and the runtime's own memory are not told apart by them", s.Of, v))
			return nil
		}
		if hopeless(err) {
			return err
		}
		failed = fmt.Errorf("those of %s do not fit: %w", s.Of, err)
	}
	return fmt.Errorf("%w: %s (%w)", ErrNoLayout, v, failed)
}

// hopeless: no other layout would help.
func hopeless(err error) bool {
	return errors.Is(err, ErrGone) || errors.Is(err, ErrNoPermission) || errors.Is(err, ErrHeapTooLarge)
}

// adopt makes the target be read by w from now on.
func (t *Target) adopt(w *where) {
	t.where, t.era, t.started = w, eraOf(w.minor), false
	t.light, t.clock = planLight(w), planClock(w)
	t.buf = make([]byte, t.light.size)
}

// errTorn: the layout may hold, but the numbers never agreed. A thread of the
// target that lost its CPU while it counted makes it so for milliseconds.
var errTorn = errors.New("what its runtime counts twice does not agree")

// unlessTorn is for layouts that cannot be of another version, or that are
// proved by other means.
func unlessTorn(err error) error {
	if errors.Is(err, errTorn) {
		return nil
	}
	return err
}

// looksRight reads the target once: whether it may be read, and whether it is
// what the layout says.
func (t *Target) looksRight() error {
	s, err := t.MemStats()
	if err != nil {
		return err
	}
	if t.started && s.Torn {
		return fmt.Errorf("process %d: %w: %w", t.PID, ErrMismatch, errTorn)
	}
	return nil
}

// proofTries bounds how many walks of a busy process are tried for one that
// agrees with its counters.
const proofTries = 4

// isProved: a walk over the whole heap sums to what the runtime counts.
func (t *Target) isProved() error {
	if !t.started {
		return fmt.Errorf("process %d: %w: its runtime has not started, so that nothing can be compared yet", t.PID, ErrMismatch)
	}
	var err error
	for range proofTries {
		var w *walk
		if w, err = t.walkUntilAgreed(); err != nil {
			return err
		}
		if w.agrees() && w.stats.HeapObjects > 0 {
			return nil
		}
	}
	return fmt.Errorf("process %d: %w: the pages of its heap do not sum to its counters", t.PID, ErrMismatch)
}
