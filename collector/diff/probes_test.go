package diff

import (
	"slices"
	"strings"
	"testing"

	"whyres/collector/mem"
	"whyres/collector/probe"
)

func pointer(n int64) *int64 { return &n }

// freed is a case of 8 MiB that leaves RES and reaches the allocator.
func freed(id string, nsPerMiB int64) probe.Result {
	return probe.Result{
		ID: id, Call: mem.Madvise, Advice: "MADV_DONTNEED", Pages: "4k", Size: 8 * mib, Asked: 8 * mib, RSSBefore: 8 * mib,
		RSSChange: -8 * mib, ToAllocator: pointer(8 * mib), NSPerMiB: nsPerMiB, RefaultNSPerMiB: pointer(500), Verdict: probe.Freed,
	}
}

func kernel(release string, cases ...probe.Result) *Probe {
	return &Probe{Name: release, Report: probe.Report{Schema: probe.Schema, Host: mem.Host{Kernel: release, PageSize: 4096}, Cases: cases}}
}

func TestCompareProbes(t *testing.T) {
	refused := probe.Result{ID: probe.GuardSmall, Asked: 8 * mib, Errno: "EINVAL", Ret: -1, Verdict: probe.Unsupported}
	unknown := probe.Result{ID: probe.DontneedMTHP, Verdict: probe.NotMeasured, Unknown: "no 64 KiB pages here"}
	part := freed(probe.DontneedHugePart, 100)
	part.ToAllocator, part.Verdict = pointer(0), probe.LeftRES
	a := kernel("5.10", freed(probe.DontneedSmall, 100), freed(probe.DontneedHuge, 100), refused, unknown, part, freed(probe.ColdSmall, 1))
	b := kernel("7.3", freed(probe.DontneedSmall, 199), freed(probe.DontneedHuge, 200), freed(probe.GuardSmall, 100), freed(probe.DontneedMTHP, 1), freed(probe.DontneedHugePart, 100))
	r := CompareProbes(a, b)
	for id, want := range map[string]Mark{
		"case.dontneed-4k.verdict":           Same,
		"case.dontneed-4k.ns_per_mib":        Same,  // under twice
		"case.dontneed-2m.ns_per_mib":        Worse, // twice
		"case.guard-4k.verdict":              Different,
		"case.guard-4k.errno":                Different,
		"case.guard-4k.rss_change":           Different,
		"case.dontneed-64k.verdict":          Different,
		"case.dontneed-2m-part.to_allocator": Different,
		"case.dontneed-2m-part.rss_change":   Same,
		"host.kernel":                        Different,
	} {
		if row := find(t, &r, id); row.Mark != want {
			t.Errorf("%s: %s, want %s", id, row.Mark, want)
		}
	}
	if row := find(t, &r, "case.dontneed-64k.verdict"); row.Why != "A: no 64 KiB pages here" {
		t.Errorf("why %q", row.Why)
	}
	if slices.ContainsFunc(r.Rows, func(row Row) bool {
		return strings.HasPrefix(row.ID, "case.dontneed-64k.") && row.ID != "case.dontneed-64k.verdict"
	}) {
		t.Error("numbers of a case that was not measured")
	}
	if want := []string{"1 case is in A and not in B, and not compared"}; !slices.Equal(r.Notes, want) {
		t.Errorf("notes %q, want %q", r.Notes, want)
	}
	for _, row := range CompareProbes(a, a).Rows {
		if row.Mark != Same {
			t.Errorf("%s of the same: %s", row.ID, row.Mark)
		}
	}
}
