package causes

import (
	"cmp"
	"fmt"
	"slices"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// fragmentation: spans that are held by few objects.
func fragmentation() Cause {
	return Cause{
		ID: "fragmentation",
		Page: Page{
			What: "holes between objects: the heap's spans hold few objects each, and go back only once they are empty",
			Mechanism: "Go takes objects of one size class from spans of that class, 8 KiB or more each. A span goes back to the heap once the last object in it " +
				"is gone: one object that lives long holds the whole span. After a peak the objects that stay are spread over all spans that the peak had filled. " +
				"New objects of the same size fill the holes; those of other sizes cannot. Go never moves an object.",
			Proof: "whyres counts the allocated slots of every span. It speaks up where the holes are above a fifth of the heap in use, and calls it proved where they " +
				"are also more than what the program can fill before the next GC, or will, where it has been quiet for two minutes; likely where it sleeps, and has hardly allocated since the last GC. Right after each GC a busy heap is full of holes that it fills again.",
			Remedy: []string{
				"allocate what lives long apart from what does not: copy the few objects that stay, once the peak is over, so that their old spans get empty",
				"keep large peaks out of the heap: fewer objects at a time, pooled or larger buffers",
				"a restart gets rid of it, until the next peak",
			},
			Versions: "All.",
			Sources:  []string{"runtime/mheap.go: mspan", "runtime/mcentral.go", "runtime/sizeclasses.go", "golang.org/issue/18896", "golang.org/issue/21695"},
		},
		Find: findFragmentation,
	}
}

func findFragmentation(f *Facts) *Finding {
	holes, inUse := f.Leaf(ledger.HeapHoles), int64(min(f.Pages().InUse.Resident, 1<<62))
	if inUse == 0 || holes <= inUse/5 { // 0: the residency is not known
		return nil
	}
	found := &Finding{
		Confidence: Possible, Takes: f.All(ledger.HeapHoles),
		Says: "are holes between objects: a span goes back only once the last object in it is gone",
		Evidence: []string{fmt.Sprintf("the spans in use hold %s of RES, and %s of it (%d %%) are no objects",
			size(inUse), size(holes), 100*holes/inUse), f.lastGC()},
		Remedy: []string{
			"once the peak is over, copy the objects that stay and drop the old ones, so that their spans get empty",
			"allocate what lives long before or apart from the peak",
		},
	}
	if worst := worstClass(f.Pages().Sizes); worst != nil {
		found.Evidence = append(found.Evidence, fmt.Sprintf("worst are objects of %d bytes: %d of them hold %d spans, with %s of free slots",
			worst.Size, worst.Objects, worst.Spans, size(int64(worst.Free))))
	} else {
		found.Ask = []string{fmt.Sprintf("whyres explain -p %d --sizes tells which sizes of objects have the holes", f.Process.PID)}
	}
	if least := max(f.Worth(), inUse/5); f.Stats().NumGC > 0 && holes-f.room() >= least {
		found.Confidence = f.sure(holes-f.growth() >= least)
	}
	return found
}

// worstClass has the most free slots; nil where none has.
func worstClass(sizes []mem.SizeClass) *mem.SizeClass {
	if len(sizes) == 0 {
		return nil
	}
	worst := slices.MaxFunc(sizes, func(a, b mem.SizeClass) int { return cmp.Compare(a.Free, b.Free) })
	if worst.Free == 0 {
		return nil
	}
	return &worst
}
