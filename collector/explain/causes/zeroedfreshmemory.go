package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// zeroedFreshMemory: new memory is zeroed though it is zero.
func zeroedFreshMemory() Cause {
	return Cause{
		ID: "zeroed-fresh-memory",
		Page: Page{
			What: "this release of Go zeroes large objects in memory that is new and zero anyway, which makes all of it resident",
			Mechanism: "Memory that is new from the kernel is zero, and needs no page until it is touched. Go 1.24.0 to 1.24.5 zero objects above 32 KiB that hold pointers all the same: " +
				"a large slice or map of which the program uses a part is resident as a whole. The runtime's statistics are the same as before.",
			Proof: "Only the release can be seen, and that there are objects. Which pages hold zeroes that nobody else wrote cannot be told from outside, nor how many: " +
				"so this is never more than possible, and claims no bytes.",
			Remedy: []string{
				"build with Go 1.24.6 or newer, and compare RES under the same load: that is the proof, too",
			},
			Versions: "Go 1.24.0 to 1.24.5.",
			Sources:  []string{"runtime.mallocgcLarge (malloc.go) of Go 1.24.5 and 1.24.6", "golang.org/issue/72991", "golang.org/cl/659956"},
		},
		Find: findZeroedFreshMemory,
	}
}

func findZeroedFreshMemory(f *Facts) *Finding {
	objects := f.Leaf(ledger.HeapLive) + f.Leaf(ledger.HeapGarbage) + f.Leaf(ledger.HeapUnsure) + f.Leaf(ledger.HeapObjects)
	if !f.builtWith(release{24, 0}, release{24, 5}) || objects < f.Worth() {
		return nil
	}
	for _, class := range f.Pages().Sizes {
		if class.Class == 0 && int64(min(class.InUse.Resident, 1<<62)) < f.Worth() {
			return nil // hardly any large objects
		}
	}
	return &Finding{
		Confidence: Possible, Always: true,
		Says: "are known to be held by it, but " + f.Process.GoVersion + " zeroes large objects that are new and zero anyway: some of the live heap may be resident for that alone",
		Evidence: []string{
			"it was built with " + f.Process.GoVersion + ", which does that",
			fmt.Sprintf("%s of objects are resident; how much of that only Go touched cannot be told", size(objects)),
		},
		Remedy: []string{"build it with Go 1.24.6 or newer"},
		Ask:    []string{"compare RES of a build with Go 1.24.6 or newer under the same load: whyres diff A B"},
	}
}
