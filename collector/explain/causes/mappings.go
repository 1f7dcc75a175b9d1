package causes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// mappedFile is what a process has resident of one file, in bytes.
type mappedFile struct {
	path  string
	inode uint64
	// shared are pages of the file itself, private the process's own copies.
	shared, private uint64
	// code: the file is a program or a library; isExe: the program itself.
	code, isExe bool
	shmem       bool
}

func (m mappedFile) resident() uint64 { return m.shared + m.private }

// mappedFiles are the files of which anything is resident, the largest first.
func mappedFiles(f *Facts) []mappedFile {
	exe := strings.ReplaceAll(f.Process.Exe, "\n", `\012`) // as maps files escape it
	type key struct {
		path  string
		inode uint64
	}
	at := map[key]int{}
	var files []mappedFile
	for i := range f.Sample.VMAs {
		v := &f.Sample.VMAs[i]
		if !strings.HasPrefix(v.Path, "/") { // a System V segment may have inode 0
			continue
		}
		k := key{v.Path, v.Inode}
		n, seen := at[k]
		if !seen {
			n = len(files)
			at[k] = n
			files = append(files, mappedFile{path: v.Path, inode: v.Inode, isExe: v.Path == exe})
		}
		m := &files[n]
		own := min(v.Anonymous, v.Rss)
		m.shared += min(v.Rss-own, 1<<50)
		m.private += min(own, 1<<50)
		m.code = m.code || len(v.Perms) > 2 && v.Perms[2] == 'x'
		m.shmem = m.shmem || ledger.IsShmem(v)
	}
	files = slices.DeleteFunc(files, func(m mappedFile) bool { return m.resident() == 0 })
	slices.SortStableFunc(files, func(a, b mappedFile) int { return cmp.Compare(b.resident(), a.resident()) })
	return files
}

// largestFiles names the first few of files that are sorted.
func largestFiles(files []mappedFile) []string {
	const most = 3
	var lines []string
	for i := range files[:min(len(files), most)] {
		lines = append(lines, fmt.Sprintf("%s: %s resident", files[i].path, bytesOf(files[i].resident())))
	}
	if rest := len(files) - most; rest > 0 {
		lines = append(lines, fmt.Sprintf("and %d smaller ones", rest))
	}
	return lines
}

// ownedBy is what of the mappings is known to be an owner's, resident bytes;
// those that the Go heap lies in are left out.
func ownedBy(f *Facts, owner mem.Owner) (sum uint64) {
	for i := range f.Sample.VMAs {
		v := &f.Sample.VMAs[i]
		if isGoHeap(f, v) {
			continue
		}
		for _, part := range v.Parts {
			if part.Owner == owner {
				sum += min(part.Resident, v.Rss)
			}
		}
	}
	return sum
}

// isGoHeap: the mapping holds a part of Go's heap.
func isGoHeap(f *Facts, v *mem.VMA) bool {
	return slices.ContainsFunc(f.Pages().Arenas, func(a mem.Range) bool { return !a.Intersect(v.Range).Empty() })
}

// nearlyAll: no more than a twentieth of the whole is missing.
func nearlyAll(part uint64, whole int64) bool { return 20*min(part, 1<<50) >= 19*uint64(max(whole, 0)) }

// bytesOf writes a size of a sample for people.
func bytesOf(n uint64) string { return size(int64(min(n, 1<<62))) }
