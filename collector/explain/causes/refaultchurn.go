package causes

import (
	"fmt"
	"time"
)

// churnRate is from how many bytes a second on it is told. A page that is touched
// and given back again costs 2.8 us (measured on Linux 6.18), so that this is
// about a hundredth of one CPU.
const churnRate = 16 << 20

// refaultChurn: what is released is needed again within seconds.
func refaultChurn() Cause {
	return Cause{
		ID: "refault-churn",
		Page: Page{
			What: "memory is given back and taken again within seconds, so that RES does not stay down",
			Mechanism: "The heap goes up and down with the load. What is free after one wave is released, and the next wave takes it again: " +
				"each page is then faulted in and zeroed anew. RES stays about as high as the load needs; the cost is CPU time, in page faults and madvise.",
			Proof: "A trace sees the releases, and that most of what they gave back was resident again within ten seconds, at 16 MiB a second or more (about 1 % of a CPU). " +
				"What has come back is in use, so it is not counted as held by this cause: it holds no bytes. Without a trace it cannot be seen.",
			Remedy: []string{
				"leave it, where CPU time is no problem: the memory is used",
				"drop calls of debug.FreeOSMemory from the program: it is they that release most in such a case",
				"raise GOGC (GOGC=200), so that the scavenger's goal rises above the waves, at the price of a larger heap",
				"raise GOMEMLIMIT, where releases are made because of it",
			},
			Versions: "All releases of Go.",
			Sources:  []string{"runtime.bgscavenge (mgcscavenge.go)", "runtime/debug.FreeOSMemory", "golang.org/issue/34048"},
		},
		Find: findRefaultChurn,
	}
}

func findRefaultChurn(f *Facts) *Finding {
	t := f.Trace
	if t == nil || t.Duration <= 0 || t.Left <= 0 {
		return nil
	}
	left := uint64(t.Left)
	if t.RefaultedSoon < left/2 || perSecond(t.RefaultedSoon, t.Duration) < churnRate {
		return nil
	}
	found := &Finding{
		Confidence: Proved, Always: true,
		Says: "are held by it: what Go gives back is taken again within seconds, and costs CPU time instead of saving memory",
		Evidence: []string{
			fmt.Sprintf("%s of releases took %s out of RES in %s; %s of it were resident again within ten seconds",
				calls(t.Asked), size(t.Left), seconds(t.Duration), size(int64(min(t.RefaultedSoon, 1<<62)))),
		},
		Remedy: []string{"leave it, where the CPU time does not hurt: the memory is in use"},
	}
	if f.Limited() {
		found.Remedy = append(found.Remedy, fmt.Sprintf("or raise GOMEMLIMIT above its %s, if the host has the memory", size(f.Stats().MemoryLimit)))
	}
	if percent := f.Stats().GCPercent; percent > 0 {
		found.Remedy = append(found.Remedy, fmt.Sprintf("or raise GOGC from %d to %d, and drop calls of debug.FreeOSMemory, if it makes any", percent, 2*percent))
	}
	return found
}

// perSecond is a rate over at least a second.
func perSecond(n uint64, d time.Duration) uint64 {
	return uint64(float64(min(n, 1<<62)) / max(d.Seconds(), 1))
}

// seconds writes a duration for people.
func seconds(d time.Duration) string {
	if d >= 10*time.Second {
		return fmt.Sprintf("%d s", int64(d.Round(time.Second).Seconds()))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
