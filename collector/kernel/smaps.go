package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"whyres/collector/mem"
)

const (
	// lineBuffer is the longest line that is kept; the rest of a longer one
	// is passed over. The kernel's own lines, but for paths, are below 120.
	lineBuffer = 8 << 10
	// maxPath cuts a mapping's path: deeper ones than PATH_MAX can be made.
	maxPath = 4096
)

// Mappings is what /proc/PID/smaps says (fs/proc/task_mmu.c, show_smap).
type Mappings struct {
	VMAs []mem.VMA
	// Cut mappings were beyond the bound; CutRSS is their RSS.
	Cut    int
	CutRSS uint64
	// Sum is smaps_rollup's content, summed up here over all mappings. Its
	// Pss lacks the part of a KiB that the kernel cuts off for each mapping.
	Sum mem.Smaps
	// Shmem is the RSS of the mappings that their path tells to be shared
	// memory, or their file system to be a tmpfs.
	Shmem uint64
	// devices are those of VMAs, as the kernel writes them.
	devices []string
}

// Smaps reads the mappings, at most Options.MaxVMAs of them.
func (p *Process) Smaps() (*Mappings, error) {
	f, err := p.open("smaps")
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	m, err := parseSmaps(f, p.opts.MaxVMAs)
	if err != nil {
		return nil, problem(p.path("smaps"), err)
	}
	if err := stillThere(f); err != nil {
		return nil, problem(p.path("smaps"), err)
	}
	p.markTmpfs(m)
	return m, nil
}

// stillThere asks whether the address space that an open smaps file is tied to
// still exists. Once it is gone such a file reads as empty, in the middle of
// a reading too: the end that was met may be no end.
func stillThere(f io.ReaderAt) error {
	var first [1]byte
	switch n, err := f.ReadAt(first[:], 0); {
	case n == 1:
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("its address space went away while it was read (exit or exec): %w", ErrGone)
	default:
		return err
	}
}

// vma is a mapping with the fields that mem.VMA does not hold.
type vma struct {
	mem.VMA
	pss, shmemPMD uint64
	device        string
}

// parseSmaps reads a whole file and keeps the first keep mappings.
func parseSmaps(r io.Reader, keep int) (*Mappings, error) {
	var (
		out   Mappings
		cur   vma
		lines = lineReader{r: bufio.NewReaderSize(r, lineBuffer)}
	)
	for n := 1; ; n++ {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			out.add(&cur, keep)
			return &out, nil
		}
		if err != nil {
			return nil, err
		}
		if isHeader(line) {
			out.add(&cur, keep)
			cur, err = parseHeader(line)
		} else {
			err = cur.set(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d %q: %w", n, clip(line), err)
		}
	}
}

// add takes a mapping whose lines have all been read; the zero one is none.
func (m *Mappings) add(v *vma, keep int) {
	if v.Empty() {
		return
	}
	m.Sum.Rss += v.Rss
	m.Sum.Pss += v.pss
	m.Sum.Anonymous += v.Anonymous
	m.Sum.LazyFree += v.LazyFree
	m.Sum.AnonHugePages += v.AnonHugePages
	m.Sum.ShmemPmdMapped += v.shmemPMD
	m.Sum.Swap += v.Swap
	m.Sum.Locked += v.Locked
	if mem.IsShmemName(v.Path) {
		m.Shmem += v.Rss - min(v.Rss, v.Anonymous)
	}
	if len(m.VMAs) >= keep {
		m.Cut++
		m.CutRSS += v.Rss
		return
	}
	m.VMAs = append(m.VMAs, v.VMA)
	m.devices = append(m.devices, v.device)
}

// noDevice is that of memory without a file.
const noDevice = "00:00"

// isHeader tells a mapping's first line: an address in lower-case hexadecimal.
// Every other line starts with a capital.
func isHeader(line []byte) bool {
	return len(line) > 0 && (line[0] >= '0' && line[0] <= '9' || line[0] >= 'a' && line[0] <= 'f')
}

// parseHeader reads "start-end perms offset dev inode   path". The path keeps
// the kernel's escapes (\012 for a new line) as they are.
func parseHeader(line []byte) (vma, error) {
	var (
		v     vma
		words [5][]byte
		rest  = line
	)
	for i := range words {
		words[i], rest, _ = bytes.Cut(bytes.TrimLeft(rest, " "), []byte{' '})
	}
	start, end, found := bytes.Cut(words[0], []byte{'-'})
	if !found {
		return v, errors.New("want start-end perms offset dev inode")
	}
	var errs [4]error
	v.Start, errs[0] = parseAddr(start)
	v.End, errs[1] = parseAddr(end)
	var offset mem.Addr
	offset, errs[2] = parseAddr(words[2])
	v.Inode, errs[3] = parseUint(words[4])
	if err := errors.Join(errs[:]...); err != nil {
		return v, err
	}
	if v.Empty() || len(words[1]) != 4 {
		return v, errors.New("want a mapping's first line")
	}
	v.Offset = uint64(offset)
	v.Perms = string(words[1])
	v.device = noDevice
	if string(words[3]) != noDevice {
		v.device = string(words[3][:min(len(words[3]), 16)])
	}
	path := bytes.TrimLeft(rest, " ")
	v.Path = string(path[:min(len(path), maxPath)])
	return v, nil
}

func parseAddr(digits []byte) (mem.Addr, error) {
	if len(digits) == 0 || len(digits) > 16 {
		return 0, errors.New("want a hexadecimal number")
	}
	n, err := strconv.ParseUint(string(digits), 16, 64)
	if err != nil {
		return 0, errors.New("want a hexadecimal number")
	}
	return mem.Addr(n), nil
}

// set takes one "Name:   n kB" line. Names that whyres does not use are passed
// over: their values are not always sizes.
func (v *vma) set(line []byte) error {
	key, value, found := bytes.Cut(line, []byte{':'})
	if !found {
		return errors.New("want Name: value")
	}
	field := v.field(key)
	if field == nil {
		return nil
	}
	if v.Empty() {
		return errors.New("a size before the first mapping")
	}
	n, err := parseKiB(bytes.TrimSpace(value))
	*field = n
	return err
}

// field is where a line's value belongs, nil for a name that is not used.
func (v *vma) field(key []byte) *uint64 {
	switch string(key) {
	case "Rss":
		return &v.Rss
	case "Pss":
		return &v.pss
	case "Anonymous":
		return &v.Anonymous
	case "LazyFree":
		return &v.LazyFree
	case "AnonHugePages":
		return &v.AnonHugePages
	case "ShmemPmdMapped":
		return &v.shmemPMD
	case "Swap":
		return &v.Swap
	case "Locked":
		return &v.Locked
	}
	return nil
}

// lineReader reads lines, of which it keeps the first lineBuffer bytes.
type lineReader struct {
	r    *bufio.Reader
	long []byte
}

// next is the next line without its end, valid until the next call; io.EOF
// after the last.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = append(l.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.r.ReadSlice('\n')
		}
		line = l.long
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
		return nil, err
	}
	return bytes.TrimSuffix(line, []byte{'\n'}), nil
}
