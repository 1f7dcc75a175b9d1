package causes

import (
	"fmt"
)

// swapped: a part of the process's memory is in swap, which RES does not count.
func swapped() Cause {
	return Cause{
		ID: "swapped",
		Page: Page{
			What: "a part of the process's memory was moved to swap: it is in use, and RES does not count it",
			Mechanism: "When memory gets short the kernel writes anonymous pages that were not used for long to swap space, and takes them out of RES. " +
				"The process still has them: the next touch brings them back, slowly, and RES rises again without anything being allocated. " +
				"So RES can fall while the process grows. Go's GC touches all live objects that hold pointers in each cycle: a heap that is swapped out makes GCs slow. " +
				"In Go's free memory swap is a loss, as what is there is not needed.",
			Proof: "VmSwap of /proc/PID/status, and Swap of smaps, is what the kernel counts. whyres was not tried on a machine that swaps when this page was written: " +
				"the numbers are the kernel's own, their handling was tested with numbers by hand.",
			Remedy: []string{
				"count RES and swap together (VmRSS + VmSwap of /proc/PID/status) where you watch the process",
				"memory.swap.max=0 in its control group (cgroup v2): it is never swapped out, at the price that it can run into its limit sooner",
				"more memory, or a lower GOGC or GOMEMLIMIT, so that nothing has to be moved out",
			},
			Versions: "Every Linux with swap space or zram; every Go.",
			Sources:  []string{"proc_pid_status(5), VmSwap", "Documentation/admin-guide/cgroup-v2.rst, memory.swap.max"},
		},
		Find: findSwapped,
	}
}

func findSwapped(f *Facts) *Finding {
	out := max(f.Sample.RSS.Swap, 0)
	if s := f.Sample.Smaps; s != nil {
		out = max(out, signedSize(s.Swap))
	}
	if out == 0 {
		return nil
	}
	found := &Finding{
		Confidence: Proved, Beside: out,
		Says: "are in swap: in use, but taken out of RES, which rises again when they are touched",
		Evidence: []string{fmt.Sprintf("the kernel counts %s of this process in swap; RES and swap together are %s",
			size(out), size(f.RES()+out))},
		Remedy: []string{
			"watch RES and swap together: VmRSS and VmSwap of /proc/PID/status",
			"give it more memory, or a lower GOGC or GOMEMLIMIT",
		},
	}
	if g := f.group(); g != nil {
		found.Remedy = append(found.Remedy, "memory.swap.max=0 in its control group "+g.Path+" (cgroup v2), if it shall never be swapped out")
	}
	if f.Host.SwapTotal > 0 {
		found.Evidence = append(found.Evidence, "the host has "+size(signedSize(f.Host.SwapTotal))+" of swap space")
	}
	if t := f.Trace; t != nil && t.SwapLast != t.SwapFirst {
		found.Evidence = append(found.Evidence, fmt.Sprintf("during the trace swap went from %s to %s, and RES from %s to %s",
			size(t.SwapFirst), size(t.SwapLast), size(t.RESFirst), size(f.RES())))
	}
	return found
}
