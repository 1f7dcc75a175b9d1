package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// runtimePage is the size of the Go runtime's own pages, in bytes
// (runtime._PageSize).
const runtimePage = 8 << 10

// largeOSPages: the system's pages are larger than the runtime's.
func largeOSPages() Cause {
	return Cause{
		ID: "large-os-pages",
		Page: Page{
			What: "the system's pages are larger than Go's, so that one used page of Go's keeps its free neighbours resident",
			Mechanism: "Go manages its heap in pages of 8 KiB, and can release only whole pages of the system. Where these are 64 KiB, all eight pages of Go's in one must be free at once. " +
				"A fragmented heap has few such places: most of what is free can then not be released at all.",
			Proof: "The size of the host's pages, and free memory above the scavenger's goal while the scavenger waits because it finds nothing. " +
				"Which free page shares a system page with a used one is not looked at, so this is never more than likely.",
			Remedy: []string{
				"a kernel with pages of 4 KiB (most distributions for arm64 offer both)",
				"fewer, larger allocations with the same lifetime, so that whole 64 KiB come free together",
			},
			Versions: "All releases of Go, on arm64 and ppc64 kernels with pages above 8 KiB. Not tried on such a host: the tests have x86-64 only.",
			Sources: []string{
				"getconf PAGESIZE", "runtime.(*pallocData).findScavengeCandidate (mgcscavenge.go)", "golang.org/issue/78962", "golang.org/issue/9993",
			},
		},
		Find: findLargeOSPages,
	}
}

func findLargeOSPages(f *Facts) *Finding {
	takes := f.All(ledger.IdleDue)
	if f.Host.PageSize <= runtimePage || len(takes) == 0 {
		return nil
	}
	found := &Finding{
		Confidence: Possible, Takes: takes,
		Says: "are free and above what Go's scavenger aims at, but it can release whole pages of the system only, and those are larger than Go's own",
		Evidence: []string{
			fmt.Sprintf("the system's pages have %s, Go's %s", size(int64(f.Host.PageSize)), size(runtimePage)),
			fmt.Sprintf("%s are free and above the scavenger's goal", size(Total(takes))),
		},
		Remedy: []string{"run it on a kernel with pages of 4 KiB"},
		Ask:    []string{"put the same load on it on a host with pages of 4 KiB, and compare: whyres diff A B"},
	}
	if f.Clock().ScavengerParked && !f.Clock().ScavengerAsked {
		found.Confidence = Likely
		found.Evidence = append(found.Evidence, "the scavenger waits: it finds no more to release")
	}
	return found
}
