package probetest

import (
	"fmt"

	"whyres/collector/probe"
)

// late is how many KiB the allocator may get late: 31 touched pages of 4 KiB may wait
// in a batch of their CPU (lru_add of mm/swap.c).
const late = 31 * 4

// Check tells each difference between the answer and what whyres probe found.
func (a Answer) Check(r *probe.Result) (off []string) {
	differ := func(format string, args ...any) { off = append(off, fmt.Sprintf(format, args...)) }
	if r.Verdict != a.Verdict {
		differ("the verdict is %s (%s), want %s", r.Verdict, r.Unknown, a.Verdict)
	}
	if r.Verdict == probe.NotMeasured {
		return off
	}
	if r.Errno != a.Errno {
		differ("the call says %q, want %q", r.Errno, a.Errno)
	}
	var later int64
	if r.LaterRSSChange != nil {
		later = *r.LaterRSSChange
	}
	for _, n := range []struct {
		what      string
		got, want int64
	}{
		{"RES", r.RSSChange, a.RSS},
		{"LazyFree", r.LazyFreeChange, a.Lazy},
		{"AnonHugePages", r.THPChange, a.THP},
	} {
		if n.got != n.want<<10 {
			differ("%s changed by %d, want %d KiB", n.what, n.got, n.want)
		}
	}
	// Where a machine is slow khugepaged may not be done when the watch ends.
	if want := a.Later << 10; later > want || later < want/2 {
		differ("%d came back, want %d KiB, or half of that at least", later, a.Later)
	}
	return append(append(off, a.checkAllocator(r)...), checkTimes(r)...)
}

func (a Answer) checkAllocator(r *probe.Result) []string {
	switch {
	case a.unseen && r.ToAllocator == nil:
	case a.unseen:
		return []string{fmt.Sprintf("the allocator got %d: nobody could see that", *r.ToAllocator)}
	case r.ToAllocator == nil:
		return []string{"it is not told what the allocator got"}
	case *r.ToAllocator < (a.Allocator-late)<<10, *r.ToAllocator > (a.Allocator+late)<<10:
		return []string{fmt.Sprintf("the allocator got %d, want %d KiB", *r.ToAllocator, a.Allocator)}
	}
	return nil
}

// checkTimes: small pages have a time to fault them back whenever some left; of others
// the kernel may make another kind.
func checkTimes(r *probe.Result) []string {
	left := r.RSSChange < 0 && r.LaterRSSChange == nil
	told := r.RefaultNSPerMiB != nil
	if r.CallNS <= 0 || r.Runs < 1 || told && !left || !told && left && r.Pages == "4k" {
		return []string{fmt.Sprintf("times %d, %v of %d runs", r.CallNS, r.RefaultNSPerMiB, r.Runs)}
	}
	return nil
}
