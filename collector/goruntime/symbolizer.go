package goruntime

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// Bounds on what a symbolizer keeps; the names come from the target.
const (
	maxName    = 200
	maxFrames  = 256
	maxCache   = 1 << 15
	maxModules = 64
	maxCode    = 1 << 16
	// refreshEvery is the least time between two readings of the maps.
	refreshEvery = time.Second
)

// Symbolizer names the frames of a process's user stacks. It works for any
// program, Go or not, stripped or not. It is not safe for concurrent use.
//
// A frame is one of
//
//	main.handle           a Go function, as the runtime names it
//	libc.so.6!malloc      a function of another file, or a C function of the
//	                      program itself
//	libc.so.6+0x9c4d2     a file offset in a mapped file without a name for it
//	0x7f3a91c04000        code in no file
//
// Inlined Go calls show as the function that they were inlined into. Names are
// the target's own bytes, cut at 200, and may hold control characters.
type Symbolizer struct {
	proc string
	pid  int
	exe  string
	im   *image
	bias uint64

	goFuncs *goFuncs
	modules map[moduleKey]*cFuncs

	code      []mapping // executable mappings, sorted
	refreshed mem.Instant
	everRead  bool
	cache     map[uint64]string
}

// moduleKey is a mapped file: the inode tells a replaced file from its
// successor.
type moduleKey struct {
	path  string
	inode uint64
}

// NewSymbolizer opens the program of the process and reads its function table;
// proc is where procfs is mounted. Close releases the file.
func NewSymbolizer(proc string, pid int) (*Symbolizer, error) {
	im, exe, err := openImage(proc, pid)
	if err != nil {
		return nil, err
	}
	s := &Symbolizer{proc: proc, pid: pid, exe: exe, im: im, modules: map[moduleKey]*cFuncs{}, cache: map[uint64]string{}}
	if s.bias, err = im.bias(proc, pid, exe); err != nil {
		return nil, errors.Join(err, im.close())
	}
	s.goFuncs = s.loadGoFuncs()
	return s, nil
}

// Close releases the program's file.
func (s *Symbolizer) Close() error { return s.im.close() }

// loadGoFuncs returns nil for programs without a usable table: their frames are
// named like C.
func (s *Symbolizer) loadGoFuncs() *goFuncs {
	table, ok := findPclntab(s.im.elf)
	if !ok {
		return nil
	}
	g, err := newGoFuncs(table.data, s.im.textStart(table, &memory{pid: s.pid}, s.bias))
	if err != nil {
		return nil
	}
	return g
}

// Stack names the frames, leaf first. All but the leaf are return addresses:
// the call is just before them. now limits how often the maps are read again
// for addresses that are in no known mapping: once a second.
func (s *Symbolizer) Stack(now mem.Instant, pcs []uint64) []string {
	pcs = pcs[:min(len(pcs), maxFrames)]
	names := make([]string, 0, len(pcs))
	for i, pc := range pcs {
		if i > 0 && pc > 0 {
			pc--
		}
		names = append(names, s.frame(now, pc))
	}
	return names
}

func (s *Symbolizer) frame(now mem.Instant, pc uint64) string {
	if name, ok := s.cache[pc]; ok {
		return name
	}
	name, known := s.resolve(now, pc)
	if known {
		if len(s.cache) >= maxCache {
			clear(s.cache)
		}
		s.cache[pc] = name
	}
	return name
}

// resolve names one address; known is false if its mapping is not (yet) known.
func (s *Symbolizer) resolve(now mem.Instant, pc uint64) (name string, known bool) {
	if name, ok := s.goFuncs.name(pc - s.bias); ok {
		return bounded(name), true
	}
	m, ok := s.mappingOf(pc)
	if !ok && s.refresh(now) {
		m, ok = s.mappingOf(pc)
	}
	if !ok {
		return mem.Addr(pc).String(), false
	}
	return s.inMapping(m, pc), true
}

func (s *Symbolizer) inMapping(m mapping, pc uint64) string {
	if m.path == "" {
		return mem.Addr(pc).String()
	}
	base := bounded(strings.TrimSuffix(filepath.Base(m.path), " (deleted)"))
	offset := pc - uint64(m.Start) + m.offset
	if c := s.module(m); c != nil {
		if addr, ok := linkAddr(c.f, offset); ok {
			if name, ok := c.name(addr); ok {
				return bounded(base + "!" + name)
			}
		}
	}
	return fmt.Sprintf("%s+%#x", base, offset)
}

// mappingOf is the executable mapping at the address.
func (s *Symbolizer) mappingOf(pc uint64) (mapping, bool) {
	i, _ := slices.BinarySearchFunc(s.code, pc, func(m mapping, pc uint64) int {
		if uint64(m.End) <= pc {
			return -1
		}
		return 1
	})
	if i < len(s.code) && s.code[i].Contains(mem.Addr(pc)) {
		return s.code[i], true
	}
	return mapping{}, false
}

// refresh reads the maps again unless that was done less than a second ago.
func (s *Symbolizer) refresh(now mem.Instant) bool {
	if s.everRead && now.Sub(s.refreshed) < refreshEvery {
		return false
	}
	s.everRead, s.refreshed = true, now
	var code []mapping
	err := mapsOf(s.proc, s.pid, func(m mapping) bool {
		if m.perms[2] == 'x' {
			code = append(code, m)
		}
		return len(code) < maxCode
	})
	if err != nil || len(code) == 0 {
		return false // the process has ended: keep what is known
	}
	slices.SortFunc(code, func(a, b mapping) int { return cmp.Compare(a.Start, b.Start) })
	s.code = code
	clear(s.cache) // another file may have been mapped at an old address
	return true
}

// module returns the functions of the mapped file, nil if they cannot be read.
func (s *Symbolizer) module(m mapping) *cFuncs {
	if m.inode == 0 {
		return nil
	}
	key := moduleKey{m.path, m.inode}
	c, ok := s.modules[key]
	if !ok && len(s.modules) < maxModules {
		c = s.loadModule(m)
		s.modules[key] = c
	}
	return c
}

func (s *Symbolizer) loadModule(m mapping) *cFuncs {
	if m.path == s.exe {
		return newCFuncs(s.im.elf)
	}
	file, err := s.openModule(m)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // read only: nothing to lose
	f, err := newELF(file)
	if err != nil {
		return nil
	}
	return newCFuncs(f)
}

// openModule opens the mapped file as the target sees it, by its root. It must
// be the regular file that was mapped: the path may have been replaced, by a
// pipe even, which would block.
func (s *Symbolizer) openModule(m mapping) (*os.File, error) {
	path := filepath.Join(s.proc, strconv.Itoa(s.pid), "root", m.path)
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if inode, statErr := inodeOf(file); err == nil && (statErr != nil || inode != m.inode) {
		err = errors.New("not the file that is mapped")
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// bounded cuts a name of the target's at maxName bytes.
func bounded(name string) string { return name[:min(len(name), maxName)] }
