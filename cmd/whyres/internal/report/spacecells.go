package report

import "whyres/collector/mem"

// cell is one mapping of a full sample: how much of it is mapped, and resident, in
// bytes.
type cell struct {
	mem.Range
	owner    owner
	name     string // of what is mapped, "" for memory without a name
	mapped   int64
	resident int64
}

// owner is whose a mapping is, as far as a colour tells it.
type owner string

// The owners.
const (
	ownerHeap    owner = "heap"
	ownerRuntime owner = "runtime"
	ownerFile    owner = "file"
	ownerStack   owner = "stack"
	ownerC       owner = "c"
	ownerShared  owner = "shmem"
	ownerOther   owner = "other"
)

// cellsOf are the mappings of a sample. Address space that is only set aside
// (PROT_NONE) holds nothing, and is left out.
func cellsOf(s *mem.Sample) []cell {
	var arenas []mem.Range
	if s.Pages != nil {
		arenas = s.Pages.Arenas
	}
	out := make([]cell, 0, len(s.VMAs))
	for i := range s.VMAs {
		v := &s.VMAs[i]
		if len(v.Perms) >= 3 && v.Perms[:3] == "---" && v.Rss == 0 {
			continue
		}
		out = append(out, cell{
			Range: v.Range, owner: ownerOf(v, arenas), name: v.Path,
			mapped: int64(min(v.Len(), 1<<52)), resident: int64(min(v.Rss, 1<<52)),
		})
	}
	if s.VMAsCut > 0 {
		out = append(out, cell{owner: ownerOther, name: "[left out of the recording]", resident: int64(min(s.VMAsCutRSS, 1<<52))})
	}
	return out
}

func ownerOf(v *mem.VMA, arenas []mem.Range) owner {
	switch {
	case mem.Overlaps(arenas, v.Range):
		return ownerHeap
	case v.Shmem || mem.IsShmemName(v.Path):
		return ownerShared
	case v.Path == "[stack]" || hasPart(v, mem.OwnerThread):
		return ownerStack
	case v.Path == "[heap]" || hasPart(v, mem.OwnerMalloc):
		return ownerC
	case hasPart(v, mem.OwnerRuntime):
		return ownerRuntime
	case v.Path != "" && v.Path[0] != '[':
		return ownerFile
	}
	return ownerOther
}

func hasPart(v *mem.VMA, o mem.Owner) bool {
	for _, p := range v.Parts {
		if p.Owner == o {
			return true
		}
	}
	return false
}
