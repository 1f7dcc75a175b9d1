package product

import (
	"os"
	"strings"
	"testing"

	"whyres/collector/probe"
)

// What probe finds on the running kernel against what this kernel was measured to do.
// In a machine it may change settings; elsewhere cases that need one are unknown.
func TestProbe(t *testing.T) {
	privileged(t)
	args := []string{"probe", "--json"}
	if inVM() {
		args = append(args, "--allow-settings")
	}
	thp := thpSettings(t)
	text := whyres(t, args...)
	keep(t, "probe.json", text)
	if after := thpSettings(t); after != thp {
		t.Errorf("the settings of huge pages are %q, they were %q", after, thp)
	}
	report := decode[probe.Report](t, text)
	if report.Allocator != "mm_page_free" {
		t.Errorf("what the allocator got comes from %q: %v", report.Allocator, report.Missing)
	}
	results := map[string]probe.Result{}
	for _, r := range report.Cases {
		results[r.ID] = r
	}
	kernel, compared := running(t), 0
	for _, a := range reference() {
		if !a.holdsFor(kernel) {
			continue
		}
		r, ok := results[a.id]
		if !ok {
			t.Errorf("%s was not tried", a.id)
			continue
		}
		compared++
		t.Run(a.id, func(t *testing.T) { a.compare(t, r) })
	}
	t.Logf("%d cases compared on %d.%d", compared, kernel.major, kernel.minor)
}

// compare tells each difference.
func (a answer) compare(t *testing.T, r probe.Result) {
	t.Logf("%+v", r)
	if a.setting && !inVM() && r.Verdict == probe.NotMeasured && strings.Contains(r.Unknown, "--allow-settings") {
		return
	}
	if r.Verdict != a.verdict {
		t.Errorf("the verdict is %s (%s), want %s", r.Verdict, r.Unknown, a.verdict)
	}
	if r.Verdict == probe.NotMeasured {
		return
	}
	if r.Errno != a.errno {
		t.Errorf("the call says %q, want %q", r.Errno, a.errno)
	}
	near(t, "RES", r.RSSChange, a.rss, r.Asked)
	near(t, "LazyFree", r.LazyFreeChange, a.lazy, r.Asked)
	if a.thp != 0 {
		near(t, "AnonHugePages", r.THPChange, a.thp, r.Asked)
	}
	if a.id == probe.DontneedHugeRefilled && (r.LaterRSSChange == nil || *r.LaterRSSChange < r.Asked/4) {
		t.Errorf("came back later: %v of %d", r.LaterRSSChange, r.Asked)
	}
	a.compareAllocator(t, r)
}

func (a answer) compareAllocator(t *testing.T, r probe.Result) {
	t.Helper()
	if a.allocator == untold {
		return
	}
	if r.ToAllocator == nil {
		t.Error("it is not told what the allocator got")
		return
	}
	want := int64(0)
	if a.allocator == all {
		want = -a.rss
	}
	near(t, "what the allocator got", *r.ToAllocator, want, r.Asked)
}

// near allows for 31 pages: so many may wait in a batch of their CPU when a call comes
// for them (lru_add of mm/swap.c), and be told of later.
func near(t *testing.T, what string, got, of64, asked int64) {
	t.Helper()
	want, slack := asked/64*of64, int64(31*os.Getpagesize())
	if got < want-slack || got > want+slack {
		t.Errorf("%s changed by %d, want %d of %d asked", what, got, want, asked)
	}
}

// thpSettings are the settings that probe may change, as they are.
func thpSettings(t *testing.T) string {
	t.Helper()
	var all []string
	for _, name := range []string{"enabled", "khugepaged/scan_sleep_millisecs", "hugepages-64kB/enabled"} {
		text, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/" + name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(string(text)))
	}
	return strings.Join(all, "; ")
}
