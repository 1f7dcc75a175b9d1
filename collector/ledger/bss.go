package ledger

import (
	"strings"

	"whyres/collector/mem"
)

// files are the files that are mapped, by path.
type files struct {
	exe string
	// code: mappings of it hold code: a program or a library.
	code map[string]bool
	// bytes is the length of its mappings that can be accessed, in total.
	bytes map[string]uint64
}

func filesOf(vmas []mem.VMA, exe string) files {
	// maps files escape a new line in a path, the exe link does not.
	f := files{exe: strings.ReplaceAll(exe, "\n", `\012`), code: map[string]bool{}, bytes: map[string]uint64{}}
	for i := range vmas {
		v := &vmas[i]
		if v.Inode == 0 || v.Path == "" || strings.HasPrefix(v.Perms, "---") {
			continue
		}
		f.bytes[v.Path] = min(f.bytes[v.Path]+min(v.Len(), 1<<50), 1<<50)
		if len(v.Perms) > 2 && v.Perms[2] == 'x' {
			f.code[v.Path] = true
		}
	}
	return f
}

// bss is what of a mapping may be the zeroed variables of the file before it.
type bss struct {
	// of is the class of the file; most, in bytes, bounds them.
	of   class
	most uint64
}

// behind tells of anonymous memory right behind the variables of a program or a
// library: it begins with those that are zero at first. The kernel joins
// other memory to it where that happens to lie next. A program's variables may
// be of any size; a library's are taken for no more than all else of it.
func (f files) behind(vmas []mem.VMA, i int) (b bss, ok bool) {
	if !isBehind(vmas, i) {
		return bss{}, false
	}
	switch path := vmas[i-1].Path; {
	case f.exe != "" && path == f.exe:
		return bss{classExe, vmas[i].Len()}, true
	case f.code[path]:
		return bss{classFile, f.bytes[path]}, true
	}
	return bss{}, false
}

// takeBSS takes the zeroed variables from what is left of a mapping: as the ELF
// headers tell them, else an estimate.
func (h *holdings) takeBSS(v *mem.VMA, b bss, left *remainder) {
	bytes, there := min(left.bytes, b.most), min(left.resident, b.most)
	isGuess := there < left.resident || bytes < left.bytes
	for _, part := range v.Parts {
		if part.Owner == mem.OwnerBSS {
			bytes, there = min(part.Bytes, left.bytes), min(part.Resident, part.Bytes, left.resident)
			isGuess = false
		}
	}
	left.bytes -= bytes
	left.resident -= there
	h.class[b.of] += clamp(there)
	if isGuess {
		h.guessedBSS += clamp(there)
	}
}

// isBehind: anonymous memory right behind writable memory of a file.
func isBehind(vmas []mem.VMA, i int) bool {
	if i == 0 || vmas[i].Path != "" || vmas[i].Inode != 0 {
		return false
	}
	before := &vmas[i-1]
	return before.Path != "" && before.End == vmas[i].Start && isWritable(before) && isWritable(&vmas[i])
}
