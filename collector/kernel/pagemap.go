package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"whyres/collector/mem"
)

// The bits of a /proc/PID/pagemap entry
// (Documentation/admin-guide/mm/pagemap.rst).
const (
	pagemapPresent   = 1 << 63
	pagemapExclusive = 1 << 56
	pagemapPFN       = 1<<55 - 1

	// kpageflags' KPF_ZERO_PAGE, of the zero page and of the huge one.
	flagZeroPage = 1 << 24

	entrySize = 8
	// pagemapChunk is how many entries one read takes: 32 MiB of memory.
	pagemapChunk = 8192
	// maxKnownFrames bounds what is remembered of kpageflags.
	maxKnownFrames = 4096
)

// pagemapReader tells residency by reading pagemap: the way before Linux 6.7.
type pagemapReader struct {
	pagemap io.ReaderAt
	// flags is /proc/kpageflags, nil where this user may not read it.
	flags *os.File
	zero  map[uint64]bool
	// blind: an entry's page frame was hidden, so flags could not be asked.
	blind bool
	page  mem.Addr
	buf   []byte
}

func newPagemapReader(pagemap io.ReaderAt, fs FS) *pagemapReader {
	r := &pagemapReader{
		pagemap: pagemap,
		zero:    map[uint64]bool{},
		page:    mem.Addr(os.Getpagesize()),
		buf:     make([]byte, pagemapChunk*entrySize),
	}
	if flags, err := os.Open(filepath.Join(fs.proc, "kpageflags")); err == nil {
		r.flags = flags
	}
	return r
}

func (r *pagemapReader) close() {
	if r.flags != nil {
		_ = r.flags.Close() // only read
	}
}

// way is how the pages read so far were told.
func (r *pagemapReader) way() Way {
	if r.flags != nil && !r.blind {
		return WayFlags
	}
	return WayExclusive
}

// readRange visits each page that is present.
func (r *pagemapReader) readRange(want mem.Range, visit pageVisit) error {
	for at := want.Start; at < want.End; {
		pages := min(uint64(want.End-at)/uint64(r.page), pagemapChunk)
		entries, err := r.entries(at, int(pages))
		if err != nil {
			return err
		}
		for ; len(entries) > 0; entries = entries[entrySize:] {
			entry := binary.NativeEndian.Uint64(entries)
			if entry&pagemapPresent != 0 {
				kind, err := r.kind(entry)
				if err != nil {
					return err
				}
				visit(mem.Range{Start: at, End: at + r.page}, kind)
			}
			at += r.page
		}
	}
	return nil
}

// entries reads at least one entry from address at on.
func (r *pagemapReader) entries(at mem.Addr, pages int) ([]byte, error) {
	buf := r.buf[:pages*entrySize]
	n, err := r.pagemap.ReadAt(buf, int64(at/r.page)*entrySize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n -= n % entrySize; n > 0 {
		return buf[:n], nil
	}
	if err := stillThere(r.pagemap); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("address %s lies beyond the process's address space", at)
}

// kind judges the entry of a page that is present. A page that is mapped
// exactly once is no zero page: these are never counted as mapped.
func (r *pagemapReader) kind(entry uint64) (mem.PageKind, error) {
	if entry&pagemapExclusive != 0 {
		return mem.PageSmall, nil
	}
	frame := entry & pagemapPFN
	if r.flags == nil || frame == 0 {
		r.blind = true
		return mem.PageZero, nil // WayExclusive's rule
	}
	zero, err := r.isZero(frame)
	if zero {
		return mem.PageZero, err
	}
	return mem.PageSmall, err
}

// isZero asks kpageflags of a page frame. Frames are remembered: nearly all
// that are asked for are the one zero page.
func (r *pagemapReader) isZero(frame uint64) (bool, error) {
	if zero, known := r.zero[frame]; known {
		return zero, nil
	}
	var word [8]byte
	if _, err := r.flags.ReadAt(word[:], int64(frame)*entrySize); err != nil {
		return false, fmt.Errorf("kpageflags of page frame %d: %w", frame, err)
	}
	zero := binary.NativeEndian.Uint64(word[:])&flagZeroPage != 0
	if len(r.zero) < maxKnownFrames {
		r.zero[frame] = zero
	}
	return zero, nil
}
