package causes

import "fmt"

// pageTables: the kernel's index of the address space, which RES does not count.
func pageTables() Cause {
	return Cause{
		ID: "page-tables",
		Page: Page{
			What: "the kernel's page tables of this process are large; a container is charged for them, and RES does not count them",
			Mechanism: "To find a page of memory the kernel keeps tables: one page of table for each 2 MiB of address space that was ever touched " +
				"(with pages of 4 KiB), however little of it is resident. Memory that is used densely needs a five-hundredth of its size. " +
				"Memory that is touched here and there, or that was large once and was given back, needs far more: giving memory back with madvise " +
				"leaves the tables in place on most kernels, and only unmapping it or the end of the process frees them. Go's heap is never unmapped.",
			Proof: "VmPTE of /proc/PID/status is what the kernel counts; the pagetables line of the control group's memory.stat is the same for all " +
				"its processes. whyres compares it with what RES needs at the least. It does not see which addresses the tables are of.",
			Remedy: []string{
				"a kernel that frees empty tables when memory is given back (CONFIG_PT_RECLAIM, from Linux 6.14 on x86-64): the price is some time per release",
				"lower the peak: the tables follow the most that was ever in use",
				"map what is sparse with huge pages, or unmap what is done with (munmap): the price is memory, or faults",
				"restart the process: it begins with small tables",
			},
			Versions: "Every Linux. From 6.14 on, built with CONFIG_PT_RECLAIM, a table that MADV_DONTNEED empties whole is freed; at first on x86-64 only.",
			Sources: []string{
				"proc_pid_status(5), VmPTE", "mm/pt_reclaim.c (try_to_free_pte)", "Documentation/admin-guide/cgroup-v2.rst, memory.stat: pagetables",
				"golang.org/issue/43402",
			},
		},
		Find: findPageTables,
	}
}

// firstReclaim: Linux 6.14 is the first with CONFIG_PT_RECLAIM.
const firstReclaim = 14

// tableEntry is the size of one entry: 8 bytes on all 64-bit machines.
const tableEntry = 8

func findPageTables(f *Facts) *Finding {
	tables := signedSize(f.Sample.VMPTE)
	if tables == 0 {
		return nil
	}
	page := int64(f.Host.PageSize)
	if page <= 0 {
		page = 4096
	}
	found := &Finding{
		Confidence: Proved, Beside: tables,
		Says: "are page tables, which the kernel needs to find this process's memory: beside RES, and charged to its control group",
		Evidence: []string{fmt.Sprintf("VmPTE of /proc/PID/status is %s; RES of %s, used densely, needs about %s",
			size(tables), size(f.RES()), size(f.RES()*tableEntry/page))},
		Remedy: []string{
			"lower the peak of memory, or how widely it is spread: each 2 MiB of address space that was ever touched costs a page of table",
			"restart it: nothing else frees the tables of memory that stays mapped, but for Linux 6.14 and newer with CONFIG_PT_RECLAIM",
		},
	}
	if g := f.group(); g != nil && g.PageTables > 0 {
		found.Evidence = append(found.Evidence, fmt.Sprintf("memory.stat of the control group counts %s of page tables, for %s", size(signedSize(g.PageTables)), processes(g.Processes)))
	}
	major, minor, known := kernelVersion(f.Host.Kernel)
	if m := f.Stats(); m.HeapReleased > 0 && known && olderKernel(major, minor, firstReclaim) {
		found.Evidence = append(found.Evidence, fmt.Sprintf("Go's heap spans %s of address space, %s of it released: on Linux %d.%d released memory keeps its tables",
			size(signedSize(m.HeapSys)), size(signedSize(m.HeapReleased)), major, minor))
	}
	if t := f.Trace; t != nil && t.RESFirst > f.RES() {
		found.Evidence = append(found.Evidence, "RES was "+size(t.RESFirst)+" when the trace began")
	}
	return found
}

// processes counts those of a group in words. What a process that has ended was
// charged for can stay charged to the group: page cache, shared memory.
func processes(n int) string {
	switch n {
	case 0:
		return "all its processes"
	case 1:
		return "all that are or were in it (now this process alone)"
	}
	return fmt.Sprintf("its %d processes", n)
}
