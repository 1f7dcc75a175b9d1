package causes

import (
	"fmt"
	"strconv"
	"strings"
)

// inexactRSS: the kernel's own counter of RES lags behind.
func inexactRSS() Cause {
	return Cause{
		ID: "inexact-rss",
		Page: Page{
			What: "RES as top and status show it lags behind on kernels before 6.16: it may be off by the bound that whyres tells",
			Mechanism: "The kernel counts pages as they come and go, in batches, so that its processors need not wait for each other. Up to Linux 6.1 each thread keeps up to " +
				"64 pages of each kind to itself; from 6.2 on each processor keeps a batch of twice the number of processors, 32 at the least. " +
				"/proc/PID/status, statm and top show the sum without what is still kept back. /proc/PID/smaps and smaps_rollup count the pages themselves.",
			Proof: "whyres takes RES from smaps wherever it may be read, and that is exact. Where it had to take it from status, on such a kernel, " +
				"it tells how far that may be off at most: not that it is.",
			Remedy: []string{
				"read Rss of /proc/PID/smaps_rollup (root, or the process's own user): exact, at the price of a walk over its page tables",
				"run whyres as a user who may read it: with sudo",
			},
			Versions: "Linux 2.6.34 to 6.1 by thread, 6.2 and newer by processor; from 6.16 on (and in the 6.12 series from 6.12.39) status and statm sum them up; other series may have that mend as well: whyres does not count on it.",
			Sources: []string{
				"proc_pid_statm(5), BUGS", "mm/memory.c (SPLIT_RSS_COUNTING, up to 6.1)", "lib/percpu_counter.c (percpu_counter_batch)", "f1a7941243c1 (mm: convert mm's rss stats into percpu_counter)",
				"82241a83cd15 (mm: fix the inaccurate memory statistics issue for users)",
			},
		},
		Find: findInexactRSS,
	}
}

func findInexactRSS(f *Facts) *Finding {
	major, minor, known := kernelVersion(f.Host.Kernel)
	if !known || f.Sample.RSSSource != "status" || sumsUp(f.Host.Kernel) {
		return nil
	}
	pages, why := rssSlack(olderKernel(major, minor, 2), f.Sample.Threads, f.Host.CPUs)
	const kinds = 3 // anonymous, file and shared pages: RES is their sum
	bound := kinds * pages * int64(f.Host.PageSize)
	return &Finding{
		Confidence: Possible, Beside: bound,
		Says: "is how far RES may be off: the kernel counts it in batches, and this number is from /proc/PID/status",
		Evidence: []string{fmt.Sprintf("Linux %d.%d counts %s: %d pages of each kind (anonymous, file, shared)",
			major, minor, why, pages)},
		Remedy: []string{"run whyres with sudo: /proc/PID/smaps is exact"},
		Ask:    []string{"sudo whyres explain -p " + strconv.Itoa(f.Process.PID) + " reads the exact number"},
	}
}

// What threads (TASK_RSS_EVENTS_THRESH of mm/memory.c, up to 6.1) and processors
// (compute_batch_value of lib/percpu_counter.c) keep to themselves, in pages.
const (
	threadSlack = 64
	leastBatch  = 32
)

// rssSlack is how many pages of one kind may be kept back.
func rssSlack(byThread bool, threads, cpus int) (pages int64, why string) {
	if byThread {
		return int64(max(threads, 1)) * threadSlack, fmt.Sprintf("up to %d pages late in each of %d threads", threadSlack, max(threads, 1))
	}
	batch := max(leastBatch, 2*cpus)
	return int64(batch) * int64(max(cpus, 1)), fmt.Sprintf("up to %d pages late on each of %d processors", batch, max(cpus, 1))
}

// The kernels whose status sums up what is kept back (82241a83cd15): 6.16, and
// of the long-term series 6.12 from a patch level on.
const (
	firstExact      = 16
	longTerm        = 12
	longTermPatched = 39
)

func sumsUp(release string) bool {
	major, minor, known := kernelVersion(release)
	if !known {
		return false
	}
	return !olderKernel(major, minor, firstExact) || major == 6 && minor == longTerm && patchLevel(release) >= longTermPatched
}

// patchLevel is 39 of "6.12.39-amd64", 0 where the release tells none.
func patchLevel(release string) int {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 3 {
		return 0
	}
	level, _ := leadingNumber(parts[2])
	return max(level, 0)
}

// kernelVersion reads the first two numbers of a release, "6.1.0-18-amd64".
func kernelVersion(release string) (major, minor int, known bool) {
	first, rest, found := strings.Cut(release, ".")
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		rest = rest[:end]
	}
	major, errMajor := strconv.Atoi(first)
	minor, errMinor := strconv.Atoi(rest)
	return major, minor, found && errMajor == nil && errMinor == nil
}

// olderKernel than 6.minor.
func olderKernel(major, minor, than int) bool {
	return major < 6 || major == 6 && minor < than
}
