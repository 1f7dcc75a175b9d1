package causes

import (
	"cmp"
	"fmt"
	"slices"

	"whyres/collector/ledger"
)

// nonGoLeaves are the parts of RES that neither the Go runtime's Sys nor its
// memory limit counts (runtime/debug.SetMemoryLimit says what it excludes: the
// program's file, C, memory that is mapped by other ways).
func nonGoLeaves() []string {
	return []string{ledger.CgoHeap, ledger.Threads, ledger.OffHeap, ledger.FileExe, ledger.FileMapped, ledger.Shmem}
}

// NonGo is what of RES Go's memory limit does not count, by the ledger's leaves,
// the largest first; false where the ledger does not tell it from Go's own.
func (f *Facts) NonGo() (parts []Take, known bool) {
	if f.Stats().Source == "" || !slices.ContainsFunc(f.Ledger.Parts, func(p ledger.Part) bool { return p.ID == ledger.Metadata }) {
		return nil, false
	}
	parts = f.All(nonGoLeaves()...)
	slices.SortStableFunc(parts, func(a, b Take) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return parts, true
}

// Stuck is what of it can go neither by the GC nor under pressure: all but the
// pages that files back. Without swap only the program itself can free it.
func (f *Facts) Stuck(nonGo []Take) int64 {
	return max(Total(nonGo)-max(f.Sample.RSS.File, 0), 0)
}

// leafWords names a leaf for people.
func leafWords(id string) string {
	switch id {
	case ledger.CgoHeap:
		return "C's malloc"
	case ledger.Threads:
		return "thread stacks"
	case ledger.OffHeap:
		return "mapped outside Go's heap"
	case ledger.FileExe:
		return "the program's file and variables"
	case ledger.FileMapped:
		return "mapped files and libraries"
	case ledger.Shmem:
		return "shared memory"
	}
	return id
}

// InWords lists takes: "12.0 MiB C's malloc, 3.0 MiB thread stacks"; those of
// less than least bytes are left out.
func InWords(takes []Take, least int64) string {
	text := ""
	for _, t := range takes {
		if t.Bytes < least {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += size(t.Bytes) + " " + leafWords(t.Leaf)
	}
	return text
}

// LeastLimit is the least GOMEMLIMIT that is worth a word: below it the runtime's
// own records take most.
const LeastLimit = 8 << 20

// RoomForGo is a GOMEMLIMIT that fits the control group's limit: that less what
// is stuck outside of Go, less what its fellows hold, less a tenth, rounded down;
// 0 where there is no limit, or no room below it.
func (f *Facts) RoomForGo(stuck int64) int64 {
	g := f.group()
	if g == nil || g.Limit == 0 {
		return 0
	}
	limit := signedSize(g.Limit)
	room := RoundLimit(limit - stuck - f.Fellows() - limit/10)
	if room < LeastLimit {
		return 0
	}
	return room
}

// Fellows is what others hold of the limit: of the process's own control group
// what does not go by itself (anonymous memory of its other processes, sockets,
// the kernel's own), and all that the groups beside it hold.
func (f *Facts) Fellows() int64 {
	g := f.group()
	if g == nil {
		return 0
	}
	kernel := max(signedSize(g.Kernel), signedSize(g.Slab)+signedSize(g.PageTables))
	return max(signedSize(g.Anon)-max(f.Sample.RSS.Anon, 0), 0) + signedSize(g.Sock) + kernel + f.Siblings()
}

// LimitAbove is the group that has the least limit, where that is one above the
// process's own; else "".
func (f *Facts) LimitAbove() string {
	if g := f.group(); g != nil && g.Limit > 0 && g.LimitAt != g.Path {
		return g.LimitAt
	}
	return ""
}

// Siblings is what of the limit of a group above the groups beside the process's
// own are charged for. Their page cache is in it: it was not told apart.
func (f *Facts) Siblings() int64 {
	if f.LimitAbove() == "" {
		return 0
	}
	g := f.group()
	return max(signedSize(g.LimitUsage)-signedSize(g.Usage), 0)
}

// limitWords say whose limit it is, and what is charged to it.
func (f *Facts) limitWords() string {
	g := f.group()
	if at := f.LimitAbove(); at != "" {
		return fmt.Sprintf("the control group %s, above the process's own (%s), may have %s for all in it, and is charged %s",
			at, g.Path, size(signedSize(g.Limit)), size(signedSize(g.LimitUsage)))
	}
	return fmt.Sprintf("the control group %s may have %s, and is charged %s", g.Path, size(signedSize(g.Limit)), size(signedSize(g.Usage)))
}

// RoundLimit rounds down to whole MiB, above 100 MiB to tens of these, above a
// GiB to 64 MiB.
func RoundLimit(bytes int64) int64 {
	step := int64(1 << 20)
	switch {
	case bytes >= 1<<30:
		step = 64 << 20
	case bytes >= 100<<20:
		step = 10 << 20
	}
	return bytes / step * step
}
