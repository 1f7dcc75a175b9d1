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

// One kernel, of which one report could not see the page allocator, is one kernel.
func TestAllocatorSeenByOne(t *testing.T) {
	seen := func(got int64, v probe.Verdict) probe.Result {
		c := freed(probe.DontneedSmallForked, 100)
		c.ToAllocator, c.Verdict = &got, v
		return c
	}
	unseen := seen(0, probe.Freed)
	unseen.ToAllocator = nil
	lazy := probe.Result{ID: unseen.ID, Asked: 8 * mib, LazyFreeChange: 8 * mib, ToAllocator: pointer(0), Verdict: probe.Lazy}
	for _, c := range []struct {
		name     string
		a, b     probe.Result
		compared bool
		mark     Mark // of the verdict
	}{
		{"freed, and RES alone", unseen, seen(0, probe.LeftRES), false, ""},
		{"the other way round", seen(0, probe.LeftRES), unseen, false, ""},
		{"freed, and partly", unseen, seen(4*mib, probe.Partly), false, ""},
		{"freed, or not", unseen, seen(8*mib, probe.Freed), false, ""},
		{"RES stays", unseen, lazy, true, Different},
		{"neither saw it", unseen, unseen, true, Same},
		{"both saw it", seen(8*mib, probe.Freed), seen(0, probe.LeftRES), true, Different},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := kernel("6.18", c.a), kernel("6.18", c.b)
			for _, p := range [...]*Probe{a, b} {
				if p.Report.Allocator = "mm_page_free"; p.Report.Cases[0].ToAllocator == nil {
					p.Report.Allocator, p.Report.Missing = "", []string{"run with sudo"}
				}
			}
			r := CompareProbes(a, b)
			i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.ID == "case.dontneed-4k-forked.verdict" })
			if (i >= 0) != c.compared || i >= 0 && r.Rows[i].Mark != c.mark {
				t.Errorf("%+v", r.Rows)
			}
			said := strings.Join(r.Notes, "\n")
			if c.compared == strings.Contains(said, "could not see what the page allocator got: of 1 case only RES is compared") {
				t.Errorf("notes %q", said)
			}
			if !c.compared && !strings.Contains(said, "does not tell: run with sudo") {
				t.Errorf("notes %q do not say why", said)
			}
			find(t, &r, "case.dontneed-4k-forked.rss_change")
		})
	}
}

// Where verdicts differ, what they were made of is said with them.
func TestVerdictsHaveTheirNumbers(t *testing.T) {
	part := freed(probe.DontneedHugePart, 100)
	part.ToAllocator, part.Verdict = pointer(0), probe.LeftRES
	refused := probe.Result{ID: part.ID, Asked: 8 * mib, Errno: "EINVAL", Ret: -1, ToAllocator: pointer(0), Verdict: probe.Unsupported}
	for _, c := range []struct {
		a    probe.Result
		want string
	}{
		{part, "A: RES -8.0 MiB, kernel got 0 B; B: RES -8.0 MiB, kernel got 8.0 MiB"},
		{refused, "A: EINVAL, RES the same; B: RES -8.0 MiB, kernel got 8.0 MiB"},
	} {
		r := CompareProbes(kernel("5.10", c.a), kernel("7.3", freed(part.ID, 100)))
		if row := find(t, &r, "case.dontneed-2m-part.verdict"); row.Why != c.want {
			t.Errorf("%q, want %q", row.Why, c.want)
		}
	}
}
