package causes

import (
	"fmt"
	"slices"
	"strings"

	"whyres/collector/ledger"
)

// madviseRefused: the kernel refuses what Go releases with.
func madviseRefused() Cause {
	return Cause{
		ID: "madvise-refused",
		Page: Page{
			What: "the kernel refuses the call by which Go gives memory back, so that nothing left RES",
			Mechanism: "Go gives memory back by madvise. A seccomp filter or a security module may answer EPERM to it, a kernel built without it ENOSYS. " +
				"Go up to 1.20 takes no notice of the answer and counts the memory as released (HeapReleased) though nothing has left. " +
				"Go 1.21 and newer falls back to mapping anew over the range, by mmap(MAP_FIXED), from the first refusal on: that takes the memory out of RES " +
				"(unless it is locked, see locked-memory), so that newer programs do not have this cause.",
			Proof: "A trace shows the calls and the kernel's answers; the page join, how much of what counts as released is resident. " +
				"Without a trace: a process built with Go 1.20 or older under a seccomp filter, of which most of what counts as released is resident. " +
				"Only the runtime's own calls count; where those that were refused are not most of its calls, or not about as much as stays, it is likely only. " +
				"That a filter refuses madvise, not only that there is one, is seen by a trace alone.",
			Remedy: []string{
				"let the filter pass madvise: it is in the default profiles of container runtimes, so look for a profile of your own (seccompProfile, SystemCallFilter= of a systemd unit)",
				"build with Go 1.21 or newer, which gives memory back by mmap where madvise is refused",
			},
			Versions: "Go up to 1.20. Go 1.21 and newer fall back by themselves.",
			Sources:  []string{"runtime.sysUnusedOS (mem_linux.go)", "golang.org/pr/60218", "seccomp(2)", "madvise(2)"},
		},
		Find: findMadviseRefused,
	}
}

func findMadviseRefused(f *Facts) *Finding {
	if f.GoMinor() == 0 || f.GoMinor() >= 21 {
		return nil
	}
	if refused, errnos := f.refused(); refused.Calls > 0 {
		sure := Likely
		if f.accountsFor(refused) {
			sure = Proved
		}
		return f.tellRefused(sure, min(bytesIn(refused), f.stays()), fmt.Sprintf(
			"%d of the runtime's %d calls that give memory back, over %s of %s, were refused with %s",
			refused.Calls, f.Trace.Own.Calls, size(bytesIn(refused)), size(bytesIn(f.Trace.Own)), errnos))
	}
	if f.Trace != nil && f.Trace.Own.Calls > 0 {
		return nil // the kernel took the calls
	}
	if !f.Process.Seccomp || !f.mostStays() {
		return nil
	}
	found := f.tellRefused(Likely, f.Leaf(ledger.ReleasedAgain), "its system calls go through a seccomp filter (Seccomp in /proc/PID/status)")
	found.Ask = []string{"whyres trace -p PID, until it gives memory back again: it shows whether madvise is refused, and with which error"}
	return found
}

// tellRefused takes that many bytes of what stays.
func (f *Facts) tellRefused(c Confidence, bytes int64, seen string) *Finding {
	again := min(bytes, f.Leaf(ledger.ReleasedAgain))
	return &Finding{
		Confidence: c, Takes: []Take{{ledger.ReleasedAgain, again}, {ledger.ReleasedHuge, bytes - again}},
		Says: "count as released by Go, but the kernel refuses the calls that give them back",
		Evidence: []string{
			seen,
			fmt.Sprintf("%s of the %s that Go counts as released (HeapReleased) are resident", size(f.stays()), size(int64(f.Stats().HeapReleased))),
			f.Process.GoVersion + " takes no notice of the refusal",
		},
		Remedy: []string{
			"let its seccomp filter (or security module) pass madvise",
			"or build it with Go 1.21 or newer, which falls back to mmap",
		},
	}
}

// accountsFor: what these calls of the runtime's own left in RES is most of what
// they asked for, of all that the runtime asked for, and of what stays. Else what
// stays may have come back for other causes, and what was refused been used since.
func (f *Facts) accountsFor(s Sum) bool {
	bytes := bytesIn(s)
	return 2*f.stays() >= bytes && 2*bytes >= bytesIn(f.Trace.Own) && 2*bytes >= f.stays()
}

// bytesIn is the sum's bytes, bounded so that twice of it still is a number.
func bytesIn(s Sum) int64 { return int64(min(s.Bytes, 1<<61)) }

// refused sums what was refused over memory that is not locked, and names the
// errors.
func (f *Facts) refused() (Sum, string) {
	var sum Sum
	var errnos []string
	if f.Trace == nil {
		return sum, ""
	}
	for errno, s := range f.Trace.Refused {
		if errno == "EINVAL" {
			s.Calls -= min(s.Calls, f.Trace.RefusedLocked.Calls)
			s.Bytes -= min(s.Bytes, f.Trace.RefusedLocked.Bytes)
		}
		if s.Calls > 0 {
			sum.Calls += s.Calls
			sum.Bytes += s.Bytes
			errnos = append(errnos, errno)
		}
	}
	slices.Sort(errnos)
	return sum, strings.Join(errnos, " and ")
}

// stays counts as released and is resident, though neither locked nor lazily
// freed.
func (f *Facts) stays() int64 { return f.Leaf(ledger.ReleasedAgain) + f.Leaf(ledger.ReleasedHuge) }

// mostStays: at least half of what counts as released is resident in small
// pages. Single pages that came back for other causes are far from that.
func (f *Facts) mostStays() bool {
	again := f.Leaf(ledger.ReleasedAgain)
	return again >= f.Worth() && again >= int64(min(f.Stats().HeapReleased, 1<<62))/2
}

// calls writes a number of calls for people.
func calls(s Sum) string {
	if s.Calls == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", s.Calls)
}
