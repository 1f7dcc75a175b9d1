package causes

import (
	"fmt"
	"slices"
	"strings"

	"whyres/collector/ledger"
)

// khugepagedRefill: the kernel makes huge pages of what is left of released
// ranges, and fills the holes.
func khugepagedRefill() Cause {
	return Cause{
		ID: "khugepaged-refill",
		Page: Page{
			What: "the kernel filled memory that Go had given back, to make huge pages",
			Mechanism: "khugepaged, a thread of the kernel, joins small pages to huge pages of 2 MiB. With its default, max_ptes_none=511, one single page in use " +
				"is enough: the 511 missing ones are filled with zeroes and count in RES again, though Go counts them as released. " +
				"It looks only at memory that may have huge pages: all where transparent_hugepage/enabled is always, what was advised so by MADV_HUGEPAGE where it is madvise. " +
				"Go up to 1.20 marked released memory MADV_NOHUGEPAGE, Go 1.21.0 still did for chunks that had been dense; from 1.21.1 on Go leaves it to the system's settings.",
			Proof: "Pages that Go counts as released are resident in huge pages. It is proved where a trace saw the runtime release memory, khugepaged collapse huge pages in this process afterwards, RES rise by it by no more than lies in such pages, and the released ranges resident again. " +
				"Where RES rose by more, khugepaged may have been at work in other memory, and older kernels do not tell by how much it rose: then it is likely. " +
				"Without one it is likely where the settings allow it: a touch of one page in an empty huge-page range brings the whole huge page too (thp-rounding), " +
				"and looks the same afterwards.",
			Remedy: []string{
				"echo 0 > /sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none: khugepaged then fills no holes. For the whole host, at the price of fewer huge pages; until the next boot",
				"GODEBUG=disablethp=1 (Go 1.21.6 and newer), at the next start: no huge pages in Go's heap, at the price of some CPU for large heaps",
				"echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, for the whole host, where it is always",
				"what is in RES now leaves it only after Go has used it and given it back again: Go does not give back twice what it counts as released. A restart is quicker",
			},
			Versions: "Go 1.21.1 and newer (and whatever marks its memory MADV_HUGEPAGE). Linux with transparent huge pages always or madvise and max_ptes_none above 0, the default.",
			Sources: []string{
				"Documentation/admin-guide/mm/transhuge.rst, max_ptes_none", "mm/khugepaged.c, collapse_huge_page", "tracepoint huge_memory:mm_collapse_huge_page",
				"golang.org/issue/64332", "golang.org/issue/8832", "go.dev/doc/gc-guide#Linux_THP_max_ptes_none_workaround",
			},
		},
		Find: findKhugepagedRefill,
	}
}

func findKhugepagedRefill(f *Facts) *Finding {
	huge := f.Leaf(ledger.ReleasedHuge)
	if huge == 0 {
		return nil
	}
	found := &Finding{
		Says:     "were given back by Go, and filled again by the kernel, which made huge pages of what was left",
		Evidence: []string{fmt.Sprintf("%s that Go counts as released are resident in huge pages", size(huge))},
		Remedy:   f.noHugePages(),
	}
	if t := f.Trace; t != nil && t.Collapses.Calls > 0 {
		return f.sawCollapses(found, huge)
	}
	if !f.khugepagedMay() || f.cameWhileTraced(huge) {
		return nil
	}
	found.Confidence, found.Takes = Likely, f.All(ledger.ReleasedHuge)
	found.Says += ", or brought back whole when one page of them was touched"
	found.Evidence = append(found.Evidence, f.thpSettings())
	found.Ask = []string{"whyres trace -p PID for some minutes: it shows khugepaged at work, if it was this"}
	return found
}

// sawCollapses tells what khugepaged was seen to do: nil where it only filled no
// holes.
func (f *Facts) sawCollapses(found *Finding, huge int64) *Finding {
	t := f.Trace
	bytes := min(huge, bytesIn(t.Collapses))
	seen := fmt.Sprintf("khugepaged made huge pages in the process %d times while it was traced, and RES rose by %s with that", t.Collapses.Calls, size(bytesIn(t.Collapses)))
	found.Confidence = Likely
	switch {
	case t.Untold > 0:
		bytes = huge
		seen = fmt.Sprintf("khugepaged made huge pages in the process %d times while it was traced; this kernel does not tell by how much RES rose with that", t.Collapses.Calls)
	case bytes == 0:
		return nil
	case f.collapsesTied(bytes):
		found.Confidence = Proved
		seen += "; the runtime had released as much before, and what it released is resident again"
	default:
		seen += "; that it was in this memory was not seen"
	}
	found.Takes = []Take{{ledger.ReleasedHuge, bytes}}
	found.Evidence = append(found.Evidence, seen)
	return found
}

// collapsesTied: khugepaged filled no more than lies in huge pages and is released,
// most of it after the runtime's releases had taken as much out of RES, and most of
// the released ranges is resident again. Most is nine tenths: the last huge page
// may lie over the heap's end, which Go counts as released and never used.
func (f *Facts) collapsesTied(bytes int64) bool {
	t := f.Trace
	most := func(part uint64, whole int64) bool { return int64(min(part, 1<<59)) >= whole/10*9 }
	return bytesIn(t.Collapses) <= f.Leaf(ledger.ReleasedHuge)/20*21 && most(t.Refilled, bytesIn(t.Collapses)) && most(t.Refaulted, bytes)
}

// notCollapsed is released memory in huge pages, less what khugepaged was seen to
// bring.
func (f *Facts) notCollapsed() int64 {
	huge := f.Leaf(ledger.ReleasedHuge)
	if f.Trace != nil {
		huge -= int64(min(f.Trace.Collapses.Bytes, 1<<62))
	}
	return max(0, huge)
}

// khugepagedMay: the settings let khugepaged fill holes in this process's heap,
// and no other cause owns the huge pages of its Go release.
func (f *Facts) khugepagedMay() bool {
	if none := f.Host.MaxPtesNone; none != nil && *none == 0 {
		return false
	}
	r, known := f.release()
	return f.Host.THP != "never" && (!known || r.compare(release{21, 1}) >= 0)
}

// cameWhileTraced: so many bytes became resident during the trace, which missed
// nothing.
func (f *Facts) cameWhileTraced(bytes int64) bool {
	t := f.Trace
	return t != nil && t.Lost == 0 && f.RES()-t.RESFirst >= bytes
}

// thpSettings says what the host allows.
func (f *Facts) thpSettings() string {
	text := "transparent_hugepage/enabled is " + f.Host.THP
	if f.Host.THP == "madvise" {
		text += ", so that somebody marked this memory MADV_HUGEPAGE"
	}
	if none := f.Host.MaxPtesNone; none != nil {
		text += fmt.Sprintf("; khugepaged/max_ptes_none is %d: so many of a huge page's 512 pages may be missing", *none)
	}
	return text
}

// noHugePages are the ways to keep huge pages out of Go's heap.
func (f *Facts) noHugePages() []string {
	if f.Host.THP == "never" {
		return []string{"restart it: what it maps from then on gets no huge pages, as long as transparent_hugepage/enabled is never"}
	}
	var ways []string
	if f.thpDisabled() {
		return []string{"find who marks Go's heap MADV_HUGEPAGE (whyres trace shows the calls): with GODEBUG=disablethp=1, which it was started with, Go's heap gets no huge pages unasked"}
	}
	if r, known := f.release(); known && r.compare(release{21, 6}) >= 0 {
		ways = append(ways, "start it with GODEBUG=disablethp=1: no huge pages in Go's heap")
	}
	if none := f.Host.MaxPtesNone; none == nil || *none > 0 {
		ways = append(ways, "echo 0 > /sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none (the whole host): khugepaged fills no more holes")
	}
	if f.Host.THP == "always" {
		ways = append(ways, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled (the whole host): only memory that asks for huge pages gets them")
	} else {
		ways = append(ways, "find who marks Go's heap MADV_HUGEPAGE (whyres trace shows the calls): on this host it gets no huge pages unasked")
	}
	return ways
}

// thpDisabled: the runtime keeps huge pages out of its heap (GODEBUG=disablethp=1,
// Go 1.21.6 and newer).
func (f *Facts) thpDisabled() bool {
	r, known := f.release()
	return known && r.compare(release{21, 6}) >= 0 && slices.Contains(strings.Split(f.Env("GODEBUG"), ","), "disablethp=1")
}
