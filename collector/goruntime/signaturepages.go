package goruntime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"whyres/collector/mem"
)

// pageReader reads a process's memory only where it has pages, in memory or in
// swap, by /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst).
// Reading another process's memory where there is no page yet makes one: of
// the RES that is to be explained, or of its page tables. What the runtime has
// written to has a page.
type pageReader struct {
	memory  reader
	pagemap io.ReaderAt
	page    uint64
	// seen are pages that there were.
	seen map[uint64]bool
}

// openPageReader returns a reader that reads everything where the kernel does
// not tell about pages. end is to be called when it is no longer needed.
func openPageReader(proc string, m *memory) (r reader, end func()) {
	f, err := os.Open(filepath.Join(proc, strconv.Itoa(m.pid), "pagemap"))
	if err != nil {
		return m, func() {}
	}
	return &pageReader{memory: m, pagemap: f, page: uint64(os.Getpagesize()), seen: map[uint64]bool{}}, func() { _ = f.Close() } // only read
}

func (p *pageReader) read(buf []byte, spans []span) error {
	for _, s := range spans {
		r := mem.Range{Start: mem.Addr(s.addr), End: mem.Addr(s.addr + uint64(s.size))}
		page := s.addr / p.page
		oneOf := (s.addr+uint64(s.size)-1)/p.page == page
		if oneOf && p.seen[page] {
			continue
		}
		runs, err := p.runs(r)
		if err != nil {
			return err
		}
		if len(runs) != 1 || runs[0] != r {
			return fmt.Errorf("reading %d bytes at %#x: %w", s.size, s.addr, ErrUnmapped)
		}
		if oneOf {
			p.seen[page] = true
		}
	}
	return p.memory.read(buf, spans)
}

func (p *pageReader) word(addr uint64) (uint64, error) {
	var b [8]byte
	err := p.read(b[:], []span{{addr, 8}})
	return binary.LittleEndian.Uint64(b[:]), err
}

// runs are the parts of a range that have pages.
func (p *pageReader) runs(r mem.Range) (runs []mem.Range, err error) {
	const (
		entries = 8192
		there   = 1<<63 | 1<<62 // present, swapped
	)
	pages := (uint64(r.End)-1)/p.page - uint64(r.Start)/p.page + 1
	buf := make([]byte, 8*min(entries, pages))
	for at := uint64(r.Start) / p.page; at*p.page < uint64(r.End); {
		n, err := p.pagemap.ReadAt(buf[:8*min(entries, (uint64(r.End)-1)/p.page+1-at)], int64(8*at))
		if n < 8 {
			if errors.Is(err, io.EOF) {
				return runs, nil
			}
			return nil, fmt.Errorf("reading the pagemap at page %#x: %w", at, err)
		}
		for i := 0; i+8 <= n; i += 8 {
			if binary.LittleEndian.Uint64(buf[i:])&there != 0 {
				runs = appendPage(runs, r, mem.Addr(at*p.page), p.page)
			}
			at++
		}
	}
	return runs, nil
}

// appendPage adds the part of a page that lies in r.
func appendPage(runs []mem.Range, r mem.Range, at mem.Addr, page uint64) []mem.Range {
	start, end := max(at, r.Start), min(at+mem.Addr(page), r.End)
	if last := len(runs) - 1; last >= 0 && runs[last].End == start {
		runs[last].End = end
		return runs
	}
	return append(runs, mem.Range{Start: start, End: end})
}
