package causes

import (
	"fmt"
	"slices"
	"strings"

	"whyres/collector/ledger"
)

// sharedMemory: memfd, System V and POSIX shared memory, files of a tmpfs.
func sharedMemory() Cause {
	return Cause{
		ID: "shared-memory",
		Page: Page{
			What: "shared memory (memfd, System V, /dev/shm, files on a tmpfs) counts in RES of each process that maps it",
			Mechanism: "Shared memory has no disk behind it: without swap it stays until nobody has it mapped or open and, where it has a name, that is removed. " +
				"Each process that maps it has in its RES what it touched, so that adding up RES over processes counts it several times; " +
				"Pss of smaps divides it between them. A control group is charged once, for who touched it first.",
			Proof: "The kernel counts it by itself (RssShmem), and smaps names the file of each mapping. A library that lies on a tmpfs is none of it.",
			Remedy: []string{
				"munmap and close by every process that has it; then rm of its file, for those with a name",
				"for System V: ipcs -m -p shows who made it, ipcrm -m ID removes it once nobody has it attached",
				"fallocate(FALLOC_FL_PUNCH_HOLE) or ftruncate by its owner: drops pages and what is in them for everybody",
			},
			Versions: "All releases of Go; memfd from Linux 3.17 on.",
			Sources:  []string{"shm_overview(7)", "sysvipc(7)", "memfd_create(2)", "tmpfs(5)", "proc_pid_status(5), RssShmem", "proc_pid_smaps(5), Pss"},
		},
		Find: findSharedMemory,
	}
}

func findSharedMemory(f *Facts) *Finding {
	files := slices.DeleteFunc(mappedFiles(f), func(m mappedFile) bool { return !m.shmem || m.code || m.isExe || m.shared == 0 })
	bytes := f.Leaf(ledger.Shmem)
	if f.Sample.Full() {
		bytes = min(bytes, int64(min(sumFiles(files).shared, 1<<50)))
	}
	if bytes < modest {
		return nil
	}
	found := &Finding{
		Confidence: Proved, Takes: []Take{{ledger.Shmem, bytes}},
		Says:     "are shared memory, which counts in each process that maps it and does not go without swap",
		Evidence: []string{fmt.Sprintf("the kernel counts %s of shared memory (RssShmem)", size(f.Sample.RSS.Shmem))},
	}
	if !f.Sample.Full() {
		found.Ask = []string{fmt.Sprintf("whyres explain -p %d names the files", f.Process.PID)}
		found.Remedy = []string{"munmap and close by every process that has it"}
		return found
	}
	found.Evidence = append(found.Evidence, largestFiles(files)...)
	found.Remedy = removals(files)
	found.Ask = []string{fmt.Sprintf("sudo grep -lE ':[0-9a-f]+ %d ' /proc/[0-9]*/maps lists the processes that map the largest", files[0].inode)}
	return found
}

// removals is how to get rid of the kinds of shared memory that there are.
func removals(files []mappedFile) []string {
	var lines []string
	say := func(line string) {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	for i := range files {
		switch path := files[i].path; {
		case strings.HasPrefix(path, "/SYSV"):
			// The kernel shows the segment's number as the inode (ipc/shm.c, newseg).
			if len(lines) < 4 {
				say(fmt.Sprintf("ipcrm -m %d removes the System V segment once nobody has it attached; ipcs -m -p shows who made it", files[i].inode))
			}
		case strings.HasPrefix(path, "/memfd:"):
			say("a memfd goes when every process that has it has unmapped and closed it")
		case strings.HasPrefix(path, "/dev/zero"):
			say("memory that was mapped shared without a file goes when this process and its children have unmapped it")
		case strings.HasSuffix(path, " (deleted)"):
			say("a removed file's memory goes when every process that has it has unmapped and closed it")
		default:
			say("remove the file (rm, or shm_unlink by its owner), and unmap and close it in every process that has it")
		}
	}
	return lines
}
