package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// lockedMemory: what is locked cannot be released.
func lockedMemory() Cause {
	return Cause{
		ID: "locked-memory",
		Page: Page{
			What: "memory that Go gave back is locked (mlock, mlockall), so that the kernel kept it",
			Mechanism: "Linux refuses madvise(MADV_DONTNEED) over locked memory with EINVAL. Go before 1.21 takes no notice. " +
				"Go 1.21 and newer then maps anew over the range instead, by mmap(MAP_FIXED), and does so for the rest of the process's life; " +
				"but what is mapped under mlockall(MCL_FUTURE) is locked too, and filled at once, so that RES stays as it was. " +
				"In both cases HeapReleased counts the memory as released. mlockall(MCL_CURRENT) moreover fills address space that the heap has not used yet.",
			Proof: "Pages that the runtime counts as released are resident, and lie in mappings that smaps counts as Locked. " +
				"Free memory that Go has not given back yet would stay as well: that is concluded, so where it is more than a twentieth of the whole, the whole is likely. " +
				"A trace shows the calls that were refused, and the MAP_FIXED mappings that took their place.",
			Remedy: []string{
				"lock only what must never be swapped (keys, for instance) by mlock on its own pages, instead of everything by mlockall",
				"Go 1.21 or newer: add MCL_ONFAULT to mlockall's flags. Pages are then locked when they are touched, not before, and what Go maps anew stays empty. " +
					"Tried on Linux 6.18: RES falls as without mlockall; with Go 1.20 it does not, as that only asks madvise",
				"turn the host's swap off and drop mlockall, where swapping was the reason for it",
				"munlockall() in a running process helps only from then on: what already counts as released leaves RES once it was used and freed again",
			},
			Versions: "All releases of Go; the detour by MAP_FIXED from Go 1.21 on. MCL_ONFAULT: Linux 4.4 and newer.",
			Sources: []string{
				"madvise(2), EINVAL for locked pages", "mlockall(2), MCL_ONFAULT", "runtime.sysUnusedOS (mem_linux.go)",
			},
		},
		Find: findLockedMemory,
	}
}

func findLockedMemory(f *Facts) *Finding {
	takes := f.All(ledger.ReleasedLocked)
	var idle int64
	if f.heapAllLocked() {
		takes = append(takes, f.All(ledger.HeapReserved)...)
		if f.Leaf(ledger.ReleasedLocked) >= f.Worth() {
			// What was released stayed: so would what is to be released next.
			idle = f.Leaf(ledger.IdleDue)
			takes = append(takes, f.All(ledger.IdleDue)...)
		}
	}
	if len(takes) == 0 {
		return nil
	}
	found := &Finding{
		Confidence: Proved, Takes: takes,
		Says: "were given back by Go, or were never used by it, but are locked: the kernel does not take locked memory back",
	}
	if idle > 0 {
		found.Says = "were given back by Go, or were never used by it, or are free and would be given back next (" + size(idle) + "), but are locked: the kernel does not take locked memory back"
	}
	if 20*idle > Total(takes) {
		// That it will stay is concluded from what stayed before.
		found.Confidence = Likely
		found.Ask = []string{"whyres trace -p PID, until it gives that back too: it shows whether the kernel refuses"}
	}
	found.Evidence = append(found.Evidence, fmt.Sprintf("%s of Go's heap lie in mappings that smaps counts as Locked; %s of that count as released (HeapReleased %s)",
		size(int64(f.HeapLocked)), size(f.Leaf(ledger.ReleasedLocked)), size(int64(f.Stats().HeapReleased))))
	if t := f.Trace; t != nil && t.RefusedLocked.Calls > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("%s were refused with EINVAL, over %s of locked memory",
			calls(t.RefusedLocked), size(int64(t.RefusedLocked.Bytes))))
	}
	if t := f.Trace; t != nil && t.Fixed.Calls > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("instead of madvise Go mapped anew over %s, in %s of mmap(MAP_FIXED); the kernel filled the new mappings at once",
			size(int64(t.Fixed.Bytes)), calls(t.Fixed)))
	}
	if f.Clock().Advice == "none" {
		found.Evidence = append(found.Evidence, "the runtime was refused before: it has given madvise up, and maps anew instead")
	}
	if f.GoMinor() >= 21 {
		found.Remedy = append(found.Remedy, "add MCL_ONFAULT to the flags of mlockall: what Go gives back then leaves RES")
	} else {
		found.Remedy = append(found.Remedy, "build it with Go 1.21 or newer, and add MCL_ONFAULT to the flags of mlockall; with "+f.Process.GoVersion+" the flag alone does not help")
	}
	found.Remedy = append(found.Remedy, "or drop mlockall, and lock by mlock only the pages that must never be swapped")
	return found
}

// heapAllLocked: all that is resident of Go's heap and its stacks lies in locked
// mappings.
func (f *Facts) heapAllLocked() bool {
	heap := f.Leaf("heap") + f.Leaf("stacks")
	return heap > 0 && int64(f.HeapLocked) >= heap
}
