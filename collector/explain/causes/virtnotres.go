package causes

// virtNotRES: VIRT is large. It is no memory, so that it holds nothing, and each
// healthy Go process reserves much: it is a page, and never found.
func virtNotRES() Cause {
	return Cause{
		ID: "virt-not-res",
		Page: Page{
			What: "VIRT (VmSize) counts address space that was set aside, not memory that is used",
			Mechanism: "top shows two sizes of a process. RES is memory. VIRT is all addresses that the process may use, touched or not: a reservation costs nothing. " +
				"Go reserves generously: 64 MiB for each piece of heap, tables for a heap of any size, and it never gives addresses back, only the memory behind them. " +
				"C reserves 64 MiB for each of malloc's arenas and 8 MiB for the stack of each thread. A program of a few MiB shows a VIRT of a GiB and is well.",
			Proof: "There is nothing to prove: whyres names no process for its VIRT. What explain and top show is RES. " +
				"VmSize of /proc/PID/status is VIRT, and /proc/PID/smaps shows for each mapping how much of its Size is Rss.",
			Remedy: []string{
				"nothing: watch RES, or what the control group counts",
				"where a limit of the address space (ulimit -v, RLIMIT_AS) ends the program: remove that limit, and use a control group's, or GOMEMLIMIT",
			},
			Versions: "Every Go. Since Go 1.11 the heap is a set of reservations of 64 MiB; before, one of 512 GiB.",
			Sources:  []string{"proc_pid_status(5), VmSize and VmRSS", "runtime.mheap.sysAlloc (malloc.go)", "golang.org/issue/45000"},
		},
	}
}
