package causes

import (
	"fmt"

	"whyres/collector/ledger"
)

// callsWithoutEffect: the kernel says that it took the memory, and has not.
func callsWithoutEffect() Cause {
	return Cause{
		ID: "calls-without-effect",
		Page: Page{
			What: "the kernel answers Go's releases with success and takes nothing",
			Mechanism: "madvise(MADV_DONTNEED) is only a promise where something other than Linux's own memory management answers it: " +
				"a sandbox that has a kernel of its own, an emulator of system calls, a seccomp filter that answers 0 for the kernel. " +
				"Go believes the answer and counts the memory as released (HeapReleased).",
			Proof: "A trace shows calls that succeed over memory that was resident, and no change of RES; the page join, that this memory is resident still. " +
				"Where the answer is a filter's, the kernel does not show the call's beginning, so that it is likely only: calls that took nothing out of RES, over ranges that are resident afterwards while RES has not risen since. " +
				"Without a trace whyres sees only that memory counts as released and is resident in small pages: then this cause is possible, and so are others, " +
				"such as the rest of a huge page that was split after it had come back. In a sandbox such as gVisor whyres has to run inside, where eBPF is not to be had.",
			Remedy: []string{
				"run whyres probe where the process runs, in its container: it shows in seconds, without privilege, whether MADV_DONTNEED takes memory out of RES there, as far as that /proc tells",
				"find out who answers: /proc/version and dmesg, read inside the container, name the sandbox (gVisor says so in both); Seccomp in /proc/PID/status tells of a filter",
				"run the same under the host's kernel (another runtime class): if memory goes back there, report it to the platform",
				"plan with the peak instead of the current use: such memory is reused by Go, and RES does not grow beyond the peak for it",
			},
			Versions: "All releases of Go.",
			Sources:  []string{"madvise(2), MADV_DONTNEED", "github.com/google/gvisor/issues/232", "seccomp(2), SECCOMP_RET_ERRNO"},
		},
		Find: findCallsWithoutEffect,
	}
}

func findCallsWithoutEffect(f *Facts) *Finding {
	stays := f.stays()
	if stays == 0 {
		return nil
	}
	found := &Finding{
		Says: "count as released by Go, but never left: the calls succeeded and did nothing",
		Remedy: []string{
			"find out who answers: /proc/version and dmesg inside the container name a sandbox, Seccomp in /proc/PID/status tells of a filter",
			"run the same under the host's kernel: if memory goes back there, it is the sandbox",
		},
	}
	if t := f.Trace; t != nil && t.NoEffect.Calls > 0 {
		bytes := min(bytesIn(t.NoEffect), stays)
		again := min(bytes, f.Leaf(ledger.ReleasedAgain))
		found.Confidence = Likely
		if f.accountsFor(t.NoEffect) {
			found.Confidence = Proved
		}
		found.Takes = []Take{{ledger.ReleasedAgain, again}, {ledger.ReleasedHuge, bytes - again}}
		found.Evidence = []string{
			fmt.Sprintf("%s of the runtime's madvise(MADV_DONTNEED) over %s of resident memory succeeded, and RES did not change", calls(t.NoEffect), size(int64(t.NoEffect.Bytes))),
			fmt.Sprintf("%s that count as released are resident", size(stays)),
		}
		return found
	}
	if asked := f.askedInVain(); asked > 0 {
		found.Confidence, found.Takes = Likely, []Take{{ledger.ReleasedAgain, min(asked, f.Leaf(ledger.ReleasedAgain))}}
		found.Evidence = []string{
			fmt.Sprintf("%s of the runtime asked for %s to be taken back while it was traced, none was refused, and they took %s out of RES", calls(f.Trace.Own), size(asked), size(f.Trace.OwnLeft)),
			fmt.Sprintf("%s of what was released in the trace are resident; RES has risen by %s since the first of these calls", size(int64(min(f.Trace.StillThere, 1<<61))), size(max(0, f.RES()-f.Trace.OwnRES))),
			fmt.Sprintf("%s that count as released are resident in small pages", size(f.Leaf(ledger.ReleasedAgain))),
		}
		return found
	}
	found.Confidence, found.Takes = Possible, f.All(ledger.ReleasedAgain)
	found.Says = "count as released by Go and are resident in small pages: the releases may have had no effect, or a huge page that had come back was split"
	found.Evidence = []string{fmt.Sprintf("%s of the %s that Go counts as released (HeapReleased) are resident, and neither locked, lazily freed nor in huge pages",
		size(f.Leaf(ledger.ReleasedAgain)), size(int64(f.Stats().HeapReleased)))}
	found.Ask = []string{"whyres trace -p PID, until it gives memory back again: it shows whether the calls take anything out of RES"}
	return found
}

// askedInVain is what the trace saw the runtime release, where none of it was
// refused or lazily freed, less than a tenth left RES, and at least half of it is
// resident still, and was so before: RES has not risen by it; 0 elsewhere.
func (f *Facts) askedInVain() int64 {
	t := f.Trace
	if t == nil || t.Lost > 0 || len(t.Refused) > 0 || t.Lazy.Calls > 0 {
		return 0
	}
	asked := bytesIn(t.Own)
	if asked == 0 || t.OwnLeft > asked/10 || f.Leaf(ledger.ReleasedAgain) < asked/2 {
		return 0
	}
	there, risen := int64(min(t.StillThere, 1<<61)), f.RES()-t.OwnRES
	if t.OwnRES == 0 || there < asked/2 || risen > there/2 {
		return 0
	}
	return asked
}
