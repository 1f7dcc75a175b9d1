package subject

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

const (
	mib = 1 << 20
	// size is the memory of a case; huge is what huge pages are made of, and big
	// the next size that can be had (mTHP).
	size = 8 * mib
	huge = 2 * mib
	big  = 64 << 10
)

// span is a part of a region, in bytes from its beginning.
type span struct{ at, n uintptr }

func whole() []span { return []span{{0, size}} }

// lowerHalves is the lower half of each huge page.
func lowerHalves() (out []span) {
	for at := uintptr(0); at < size; at += huge {
		out = append(out, span{at, huge / 2})
	}
	return out
}

func bytesOf(spans []span) (n int64) {
	for _, s := range spans {
		n += int64(s.n)
	}
	return n
}

// region is the memory of one run: a mapping that begins at a multiple of huge,
// with mappings that nobody can touch at both ends. The kernel joins neighbours
// that are alike into one mapping: thus no neighbour is, and what smaps tells of
// these addresses is the region's alone.
type region struct {
	reserved unsafe.Pointer
	start    unsafe.Pointer
}

const reserve = size + 2*huge

func newRegion() (*region, error) {
	base, err := unix.MmapPtr(-1, 0, nil, reserve, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserve %d MiB of addresses: %w", reserve/mib, err)
	}
	skip := huge - uintptr(base)%huge // 1 page to huge bytes: never none
	r := &region{reserved: base, start: unsafe.Add(base, skip)}
	if err := unix.Mprotect(r.bytes(span{0, size}), unix.PROT_READ|unix.PROT_WRITE); err != nil {
		_ = r.free() // the first error tells more
		return nil, fmt.Errorf("map %d MiB: %w", size/mib, err)
	}
	return r, nil
}

func (r *region) free() error { return unix.MunmapPtr(r.reserved, reserve) }

// bytes is the span as memory: it is not Go's, and nothing of Go points into it.
func (r *region) bytes(s span) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.start, s.at)), s.n)
}

func (r *region) pointer(at uintptr) unsafe.Pointer { return unsafe.Add(r.start, at) }

func (r *region) addr(s span) mem.Addr { return mem.Addr(uintptr(r.start) + s.at) }

// touch writes to each page.
func (r *region) touch(spans ...span) {
	for _, s := range spans {
		b := r.bytes(s)
		for i := 0; i < len(b); i += os.Getpagesize() {
			b[i] = 1
		}
	}
}

// look reads each page. Its result keeps the compiler from leaving it out.
func (r *region) look(s span) (sum byte) {
	b := r.bytes(s)
	for i := 0; i < len(b); i += os.Getpagesize() {
		sum += b[i]
	}
	return sum
}

func (r *region) advise(s span, advice int) error {
	return unix.Madvise(r.bytes(s), advice)
}
