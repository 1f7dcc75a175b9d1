package goruntime

import (
	"debug/elf"
	"fmt"
	"os"
)

// bias is how far the kernel loaded the program from its link-time addresses:
// 0 unless it is position independent. The program's first mapping is matched
// with the PT_LOAD of the same file offset.
func (im *image) bias(proc string, pid int, exe string) (uint64, error) {
	if im.elf.Type != elf.ET_DYN {
		return 0, nil
	}
	inode, err := inodeOf(im.file)
	if err != nil {
		return 0, fmt.Errorf("process %d: %s: %w", pid, exe, err)
	}
	var bias uint64
	found := false
	err = mapsOf(proc, pid, func(m mapping) bool {
		if m.path != exe && (m.inode != inode || inode == 0) {
			return true
		}
		bias, found = loadBias(im.elf, m)
		return !found
	})
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("process %d: its maps show no mapping of %s: %w", pid, exe, ErrUnmapped)
	}
	return bias, nil
}

// loadBias is the distance between the mapping and the segment that it shows.
func loadBias(f *elf.File, m mapping) (uint64, bool) {
	page := uint64(os.Getpagesize())
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Off&^(page-1) == m.offset {
			return uint64(m.Start) - p.Vaddr&^(page-1), true
		}
	}
	return 0, false
}
