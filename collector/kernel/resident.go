package kernel

import (
	"errors"
	"fmt"
	"os"

	"whyres/collector/mem"
)

// Way is how Resident tells what is resident.
type Way string

// The ways, best first.
const (
	// WayScan: the PAGEMAP_SCAN ioctl, Linux 6.7+.
	WayScan Way = "PAGEMAP_SCAN"
	// WayFlags: reading pagemap, zero pages told by /proc/kpageflags (root).
	WayFlags Way = "pagemap and kpageflags"
	// WayExclusive: reading pagemap alone. A present page that is not mapped
	// exactly once is taken for a zero page: right for private anonymous
	// memory (a Go heap), unless a forked child or KSM shares the page.
	WayExclusive Way = "pagemap"
)

// errNoScan: this kernel, or its filter, has no PAGEMAP_SCAN.
var errNoScan = errors.New("no PAGEMAP_SCAN")

// Resident calls visit for each maximal run of pages within each of the
// ranges that count in RES: present and not a zero page. Swapped-out pages are
// not resident; nor is, for the moment that it lasts, a page under migration.
// Runs do not join over the border of two ranges. A range is widened to whole
// pages. The answer is not of one instant: the process runs on.
//
// Linux 6.7 to 6.16 take the huge zero page, which a program gets that only
// reads memory with huge pages, for a resident one under PAGEMAP_SCAN.
func (p *Process) Resident(ranges []mem.Range, visit func(mem.Range)) error {
	return p.look(ranges, func() (pageVisit, func()) {
		found := runs{visit: func(r mem.Range, _ mem.PageKind) { visit(r) }}
		return func(r mem.Range, kind mem.PageKind) {
			if kind != mem.PageZero {
				found.add(r, mem.PageSmall)
			}
		}, found.flush
	})
}

// Pages is Resident that tells the kinds of pages apart, zero pages too: a run
// is of one kind. Huge pages are told under WayScan only; elsewhere they are
// small ones.
func (p *Process) Pages(ranges []mem.Range, visit func(mem.Range, mem.PageKind)) error {
	return p.look(ranges, func() (pageVisit, func()) {
		found := runs{visit: visit}
		return found.add, found.flush
	})
}

// ResidentWay tells how the last Resident or Pages went about it, "" before
// the first.
func (p *Process) ResidentWay() Way { return p.way }

// pageVisit takes pieces of one kind, in order of address.
type pageVisit = func(mem.Range, mem.PageKind)

// look asks about the ranges, one after the other: each begins with a visitor
// of its own and ends with that one's flush.
func (p *Process) look(ranges []mem.Range, begin func() (pageVisit, func())) error {
	f, err := p.open("pagemap")
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	if err := p.lookIn(f, ranges, begin); err != nil {
		return problem(p.path("pagemap"), err)
	}
	return nil
}

func (p *Process) lookIn(f *os.File, ranges []mem.Range, begin func() (pageVisit, func())) error {
	if !p.opts.PagemapReads && (p.way == "" || p.way == WayScan) {
		p.way = WayScan
		regions := make([]pageRegion, scanRegions)
		err := each(ranges, begin, func(r mem.Range, visit pageVisit) error { return scanRange(f, r, regions, visit) })
		if !errors.Is(err, errNoScan) {
			return err
		}
	}
	reader := newPagemapReader(f, p.fs)
	defer reader.close()
	err := each(ranges, begin, reader.readRange)
	p.way = reader.way()
	return err
}

// each reads the ranges, widened to whole pages.
func each(ranges []mem.Range, begin func() (pageVisit, func()), read func(mem.Range, pageVisit) error) error {
	page := mem.Addr(os.Getpagesize())
	for _, r := range ranges {
		whole, err := wholePages(r, page)
		if err != nil {
			return err
		}
		visit, flush := begin()
		if err := read(whole, visit); err != nil {
			return err
		}
		flush()
	}
	return nil
}

// runs joins adjacent pieces of one kind into maximal runs.
type runs struct {
	cur   mem.Range
	kind  mem.PageKind
	visit pageVisit
}

func (r *runs) add(piece mem.Range, kind mem.PageKind) {
	if piece.Empty() {
		return
	}
	if piece.Start == r.cur.End && kind == r.kind && !r.cur.Empty() {
		r.cur.End = piece.End
		return
	}
	r.flush()
	r.cur, r.kind = piece, kind
}

func (r *runs) flush() {
	if !r.cur.Empty() {
		r.visit(r.cur, r.kind)
	}
	r.cur = mem.Range{}
}

// wholePages widens a range to page borders.
func wholePages(r mem.Range, page mem.Addr) (mem.Range, error) {
	out := mem.Range{Start: r.Start &^ (page - 1), End: (r.End + page - 1) &^ (page - 1)}
	if out.End < r.End {
		return mem.Range{}, fmt.Errorf("range %s: ends beyond the address space", r)
	}
	return out, nil
}
