package kernel

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// The PAGEMAP_SCAN interface of include/uapi/linux/fs.h, Linux 6.7+.
const (
	pageIsPresent = 1 << 3
	pageIsPFNZero = 1 << 5
	pageIsHuge    = 1 << 6

	scanRegions = 4096
)

// pmScanArg is struct pm_scan_arg.
type pmScanArg struct {
	size, flags       uint64
	start, end        uint64
	walkEnd           uint64
	vec, vecLen       uint64
	maxPages          uint64
	categoryInverted  uint64
	categoryMask      uint64
	categoryAnyofMask uint64
	returnMask        uint64
}

// pageRegion is struct page_region.
type pageRegion struct {
	start, end, categories uint64
}

// scanNumber is _IOWR('f', 16, struct pm_scan_arg). The generic encoding
// serves amd64, arm64, riscv64 and the like; ppc64 and mips have another.
const scanNumber = 3<<30 | unsafe.Sizeof(pmScanArg{})<<16 | 'f'<<8 | 16

// scanRange visits pieces in order of address. A call goes on behind the last
// region that came back, never at walk_end alone: the kernel leaves walk_end
// at an earlier stop although it went on and filled regions in behind it.
func scanRange(f *os.File, r mem.Range, regions []pageRegion, visit pageVisit) error {
	for !r.Empty() {
		n, walkEnd, err := scanOnce(f, r, regions)
		if err != nil {
			return err
		}
		next := max(r.Start, min(walkEnd, r.End))
		for _, got := range regions[:n] {
			piece := mem.Range{Start: mem.Addr(got.start), End: mem.Addr(got.end)}
			if piece.Start < r.Start || piece.End > r.End || piece.Empty() {
				return fmt.Errorf("PAGEMAP_SCAN of %s answered with %s", r, piece)
			}
			visit(piece, kindOf(got.categories))
			next = max(next, piece.End)
		}
		if n < len(regions) {
			return nil
		}
		r.Start = next
	}
	return nil
}

// kindOf reads a region's categories. The huge zero page is both zero and huge.
func kindOf(categories uint64) mem.PageKind {
	switch {
	case categories&pageIsPFNZero != 0:
		return mem.PageZero
	case categories&pageIsHuge != 0:
		return mem.PageHuge
	}
	return mem.PageSmall
}

// scanOnce makes one call: the regions found, and where the kernel says that
// it stopped.
func scanOnce(f *os.File, r mem.Range, regions []pageRegion) (int, mem.Addr, error) {
	var pin runtime.Pinner
	pin.Pin(&regions[0]) // the kernel gets its address as a number
	defer pin.Unpin()
	arg := pmScanArg{
		start: uint64(r.Start), end: uint64(r.End),
		vec: uint64(uintptr(unsafe.Pointer(&regions[0]))), vecLen: uint64(len(regions)),
		categoryMask: pageIsPresent,
		returnMask:   pageIsPresent | pageIsPFNZero | pageIsHuge,
	}
	arg.size = uint64(unsafe.Sizeof(arg))
	for {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), scanNumber, uintptr(unsafe.Pointer(&arg)))
		switch {
		case errno == unix.EINTR:
			continue
		case errors.Is(errno, unix.ENOTTY), errors.Is(errno, unix.EPERM), errors.Is(errno, unix.ENOSYS):
			return 0, 0, errNoScan
		case errno != 0:
			return 0, 0, fmt.Errorf("PAGEMAP_SCAN of %s: %w", r, errno)
		case n > uintptr(len(regions)):
			return 0, 0, fmt.Errorf("PAGEMAP_SCAN of %s answered with %d regions of %d", r, n, len(regions))
		}
		return int(n), mem.Addr(arg.walkEnd), nil
	}
}
