package subject

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// bigPages makes pages of 64 KiB, and looks whether it got them. The kernel would
// make one of 2 MiB where a whole one has room and none of it is there: so one small
// page of each is touched before, and is replaced at the end.
func bigPages(s *stage) error {
	if err := s.refuseHuge(); err != nil {
		return err
	}
	page := uintptr(os.Getpagesize())
	for at := uintptr(0); at < size; at += huge {
		s.touch(span{at, page})
	}
	if err := s.askHuge(); err != nil {
		return err
	}
	for at := uintptr(0); at < size; at += huge {
		s.touch(span{at + big, huge - big})
		if err := s.advise(span{at, page}, unix.MADV_DONTNEED); err != nil {
			return err
		}
		s.touch(span{at, big})
	}
	got, err := s.countBig()
	if err != nil {
		return cannot("which pages the kernel made cannot be told (%v): run as root", err)
	}
	if got != size/big {
		return cannot("the kernel made %d of %d pages of 64 KiB: memory may be fragmented, or another size is allowed too"+
			" (/sys/kernel/mm/transparent_hugepage/hugepages-*/enabled)", got, size/big)
	}
	return nil
}

// Of Documentation/admin-guide/mm/pagemap.rst: a page's entry in pagemap, and its
// frame's flags in /proc/kpageflags (include/uapi/linux/kernel-page-flags.h).
const (
	entrySize     = 8 // bytes
	entryPresent  = 1 << 63
	entryFrame    = 1<<55 - 1
	flagHead      = 1 << 15 // KPF_COMPOUND_HEAD
	flagTail      = 1 << 16 // KPF_COMPOUND_TAIL
	pagemapOfSelf = "/proc/self/pagemap"
	flagsOfFrames = "/proc/kpageflags"
)

// countBig counts the pages of 64 KiB that the region is made of: page frames in a
// row, the first of which is the head of a compound page, the others its tails, and
// the frame after them none.
// The kernel's own counter (hugepages-64kB/stats/anon_fault_alloc) is of the whole
// host, and not there before Linux 6.10. Only root sees frames.
func (s *stage) countBig() (n int64, err error) {
	pagemap, err := os.Open(pagemapOfSelf)
	if err != nil {
		return 0, err
	}
	defer pagemap.Close() //nolint:errcheck // only read
	flags, err := os.Open(flagsOfFrames)
	if err != nil {
		return 0, err
	}
	defer flags.Close() //nolint:errcheck // only read
	page := uintptr(os.Getpagesize())
	for at := uintptr(0); at < size; at += big {
		entries, err := numbers(pagemap, uint64(s.addr(span{at, big}))/uint64(page), int(big/page))
		if err != nil {
			return 0, err
		}
		first, inRow, err := inARow(entries)
		if err != nil {
			return 0, err
		}
		if !inRow {
			continue
		}
		kinds, err := numbers(flags, first, len(entries)+1)
		if err != nil {
			return 0, err
		}
		if oneCompound(kinds) {
			n++
		}
	}
	return n, nil
}

// numbers reads count numbers of 8 bytes, the first of which is number from.
func numbers(f *os.File, from uint64, count int) ([]uint64, error) {
	b := make([]byte, count*entrySize)
	if _, err := f.ReadAt(b, int64(from)*entrySize); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	out := make([]uint64, count)
	for i := range out {
		out[i] = binary.NativeEndian.Uint64(b[i*entrySize:])
	}
	return out, nil
}

// inARow reports whether all pages are there, in frames that follow each other. The
// kernel shows frame 0 to whom it shows none (CAP_SYS_ADMIN).
func inARow(entries []uint64) (first uint64, yes bool, err error) {
	first = entries[0] & entryFrame
	for i, e := range entries {
		switch frame := e & entryFrame; {
		case e&entryPresent == 0:
			return first, false, nil
		case frame == 0:
			return 0, false, fmt.Errorf("%s shows no page frames", pagemapOfSelf)
		case frame != first+uint64(i):
			return first, false, nil
		}
	}
	return first, true, nil
}

// oneCompound: a head, nothing but tails, and no tail in the last, which is the next
// frame: a larger page would go on there.
func oneCompound(flags []uint64) bool {
	last := len(flags) - 1
	for i, f := range flags[:last] {
		if head, tail := f&flagHead != 0, f&flagTail != 0; head != (i == 0) || tail != (i > 0) {
			return false
		}
	}
	return flags[last]&flagTail == 0
}
