package probe

import (
	"slices"
	"strconv"
	"strings"

	"whyres/collector/mem"
)

// Case is one question to the kernel.
type Case struct {
	// ID is one of the constants above all, a promise.
	ID string
	// Call, Advice and Pages are as in Result.
	Call   mem.Call
	Advice string
	Pages  string
	// Name is the case within its advice, for a row of a table.
	Name string
	// Does says in a sentence what the case does.
	Does string
	// Wants are the settings without which the case cannot be made.
	Wants []Want
	// Means says what a verdict means for a Go program; MeaningOf reads it.
	means map[Verdict]string
}

// Want is a file below /sys/kernel/mm/transparent_hugepage and what must stand in
// it: Value, or one of Or.
type Want struct {
	Path, Value string
	Or          []string
	// AtMost: Value is a number, and a smaller one is as good.
	AtMost bool
	// Why says what the case lacks without it.
	Why string
}

// Met reports whether the setting is as wanted.
func (w Want) Met(current string) bool {
	if w.AtMost {
		most, err := strconv.ParseUint(w.Value, 10, 64)
		now, errNow := strconv.ParseUint(current, 10, 64)
		return err == nil && errNow == nil && now <= most
	}
	return current == w.Value || slices.Contains(w.Or, current)
}

// String is the file and what it must say.
func (w Want) String() string {
	if w.AtMost {
		return w.Path + ": at most " + w.Value
	}
	return w.Path + ": " + strings.Join(append([]string{w.Value}, w.Or...), " or ")
}

// The kinds of pages.
const (
	pages4k  = "4k"
	pages64k = "64k"
	pages2m  = "2m"
)

// Catalogue is all cases, in the order in which they are shown: by advice.
func Catalogue() []Case {
	all := dontneedCases()
	all = append(all, freeCases()...)
	all = append(all, reclaimCases()...)
	all = append(all, hugeCases()...)
	return append(all, otherCases()...)
}

// Find is the case of that id.
func Find(id string) (Case, bool) {
	for _, c := range Catalogue() {
		if c.ID == id {
			return c, true
		}
	}
	return Case{}, false
}

// wantHuge: huge pages are given to who asks for them.
func wantHuge() Want {
	return Want{
		Path: "enabled", Value: "madvise", Or: []string{"always"},
		Why: "the kernel makes no huge pages as transparent_hugepage/enabled is never",
	}
}

// wantMTHP: pages of 64 KiB are given to who asks for them (Linux 6.8 and newer).
func wantMTHP() Want {
	return Want{
		Path: "hugepages-64kB/enabled", Value: "madvise", Or: []string{"always"},
		Why: "the kernel makes no pages of 64 KiB as transparent_hugepage/hugepages-64kB/enabled does not say so",
	}
}

// wantScan: khugepaged comes by within a run.
func wantScan() Want {
	return Want{
		Path: "khugepaged/scan_sleep_millisecs", Value: "100", AtMost: true,
		Why: "khugepaged comes by too rarely to wait for it (transparent_hugepage/khugepaged/scan_sleep_millisecs)",
	}
}

// wantNever: huge pages are off.
func wantNever() Want {
	return Want{
		Path: "enabled", Value: "never",
		Why: "transparent_hugepage/enabled is not never",
	}
}
