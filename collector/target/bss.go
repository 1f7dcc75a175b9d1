package target

import (
	"debug/elf"

	"whyres/collector/mem"
)

// A library's or a program's headers, as the target has them mapped: they are
// read from its memory, and only where the page is there already. No path of
// the target's is opened.
const (
	maxFiles = 1 << 10
	// The ELF header and the segments behind it; ld.so and Go's linker put
	// them there.
	ehdrWords = 8 // elf.Header64
	phdrWords = 7 // elf.Prog64
	maxPhdrs  = 32
	headWords = ehdrWords + maxPhdrs*phdrWords
)

// bssFinder finds the zeroed variables of programs and libraries: anonymous
// memory right behind their writable mappings (p_memsz beyond p_filesz), as far
// as the last segment reaches. The kernel joins other memory to it.
type bssFinder struct {
	vmas []mem.VMA
	// read reads only what is present.
	read readWords
}

// heads are where files are mapped from their beginning, whose last mapping has
// unnamed memory behind it: by head, the indexes of those.
func (f bssFinder) heads() (at []mem.Addr, behind map[mem.Addr][]int) {
	behind = map[mem.Addr][]int{}
	head := -1
	for i := range f.vmas {
		v := &f.vmas[i]
		if v.Path != "" && v.Inode != 0 && v.Offset == 0 && (head < 0 || f.vmas[head].Path != v.Path || f.vmas[head].Inode != v.Inode || v.Start != f.vmas[i-1].End) {
			head = i
		}
		if head < 0 || i == 0 || !isOwnerless(v) || len(at) >= maxFiles {
			continue
		}
		before, first := &f.vmas[i-1], &f.vmas[head]
		if before.End != v.Start || before.Inode == 0 || before.Inode != first.Inode || before.Path != first.Path {
			continue
		}
		if behind[first.Start] == nil {
			at = append(at, first.Start)
		}
		behind[first.Start] = append(behind[first.Start], i)
	}
	return at, behind
}

// find claims them.
func (f bssFinder) find(claim func(mem.Range)) {
	at, behind := f.heads()
	_ = f.read(at, headWords, func(head mem.Addr, words []uint64) {
		for _, data := range dataEnds(head, words) {
			for _, i := range behind[head] {
				if r := data.Intersect(f.vmas[i].Range); r.Start == f.vmas[i].Start && !r.Empty() {
					claim(r)
				}
			}
		}
	})
}

// claimBSS claims the zeroed variables of what is mapped.
func (v *View) claimBSS(vmas []mem.VMA, known *claims) {
	find := bssFinder{vmas: vmas}
	at, _ := find.heads()
	ranges := make([]mem.Range, 0, len(at))
	for _, a := range at {
		ranges = append(ranges, mem.RangeAt(a, osPage))
	}
	var there []run
	if v.kernel.Pages(ranges, func(r mem.Range, kind mem.PageKind) { there = append(there, run{r, kind}) }) != nil {
		return
	}
	find.read = reader{present: there, words: v.kernel.Words}.read
	find.find(func(r mem.Range) { known.add(r, mem.OwnerBSS) })
}

// dataEnds are, of each writable segment, the pages behind its part in the file.
// All of it is hostile.
func dataEnds(head mem.Addr, words []uint64) (out []mem.Range) {
	const magic = 0x7f | 'E'<<8 | 'L'<<16 | 'F'<<24 | uint64(elf.ELFCLASS64)<<32 | uint64(elf.ELFDATA2LSB)<<40
	if len(words) < headWords || words[0]&(1<<48-1) != magic || words[4] != ehdrWords*8 {
		return nil // no ELF, or its segments are somewhere else
	}
	// e_phentsize, e_phnum.
	size, n := words[6]>>48, words[7]&0xffff
	if size != phdrWords*8 || n > maxPhdrs {
		return nil
	}
	segments := make([]segment, 0, maxPhdrs)
	for i := range int(n) {
		if s := segmentOf(words[ehdrWords+i*phdrWords:]); s.kind == elf.PT_LOAD {
			segments = append(segments, s)
		}
	}
	bias, ok := biasOf(head, segments)
	if !ok {
		return nil
	}
	for _, s := range segments {
		file, end := s.addr+s.file, s.addr+s.memory
		if s.flags&elf.PF_W == 0 || s.memory <= s.file || file < s.addr || end < file || end+osPage < end {
			continue
		}
		const mask = mem.Addr(osPage - 1)
		r := mem.Range{Start: (bias + mem.Addr(file) + mask) &^ mask, End: (bias + mem.Addr(end) + mask) &^ mask}
		if !r.Empty() {
			out = append(out, r)
		}
	}
	return out
}

// segment is a program header.
type segment struct {
	kind                       elf.ProgType
	flags                      elf.ProgFlag
	offset, addr, file, memory uint64
}

// segmentOf reads elf.Prog64.
func segmentOf(w []uint64) segment {
	return segment{kind: elf.ProgType(uint32(w[0])), flags: elf.ProgFlag(w[0] >> 32), offset: w[1], addr: w[2], file: w[4], memory: w[5]}
}

// biasOf is how far the file lies from its link-time addresses: its beginning is
// at head.
func biasOf(head mem.Addr, segments []segment) (mem.Addr, bool) {
	for _, s := range segments {
		if s.offset == 0 {
			return head - mem.Addr(s.addr&^(osPage-1)), true
		}
	}
	return 0, false
}
