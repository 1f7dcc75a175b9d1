package timeline

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"whyres/collector/course"
	"whyres/collector/diff"
	"whyres/collector/explain"
	"whyres/collector/mem"
	"whyres/collector/probe"
)

// sideOf is a recording of frames.
func sideOf(name string, frames []mem.Frame) *diff.Side {
	m := course.NewMeter(explain.NewAccumulator())
	s := &diff.Side{Name: name}
	for _, f := range frames {
		if f.Header != nil {
			s.Header = *f.Header
		}
		m.Observe(f)
	}
	s.Course, s.Verdict = m.Course(), m.Verdict()
	return s
}

// older is the story on an older kernel, of which khugepaged puts a part back, and
// where a GC more was needed.
func older() []mem.Frame {
	full, grew := 511, int64(9<<20)
	frames := story()
	h := *frames[0].Header
	h.Host.Kernel, h.Host.THP, h.Host.MaxPtesNone = "5.10.262", "always", &full
	frames[0].Header = &h
	last := frames[len(frames)-1].At
	return append(frames, mem.Frame{At: last + 1, Mark: &mem.Mark{
		At: last + 1, Kind: mem.MarkCollapse, PID: storyPID, Grew: &grew, RSS: mem.RSS{Anon: 30 << 20},
	}})
}

func kernels() diff.Report {
	return diff.CompareRecordings(sideOf("old\x1b[2J.whyres", older()), sideOf("new.whyres", story()))
}

func probes() diff.Report {
	freed := int64(8 << 20)
	none := int64(0)
	dontneed := probe.Result{ID: probe.DontneedSmall, Asked: freed, RSSChange: -freed, ToAllocator: &freed, NSPerMiB: 80_000, Verdict: probe.Freed}
	part := probe.Result{ID: probe.DontneedMTHPPart, Asked: freed, RSSChange: -freed, ToAllocator: &freed, NSPerMiB: 80_000, Verdict: probe.Freed}
	old := part
	old.ToAllocator, old.Verdict, old.NSPerMiB = &none, probe.LeftRES, 300_000
	guard := probe.Result{ID: probe.GuardSmall, Asked: freed, RSSChange: -freed, ToAllocator: &freed, NSPerMiB: 90_000, Verdict: probe.Freed}
	refused := probe.Result{ID: probe.GuardSmall, Asked: freed, Ret: -1, Errno: "EINVAL", Verdict: probe.Unsupported}
	unknown := probe.Result{ID: probe.DontneedHuge, Verdict: probe.NotMeasured, Unknown: "this kernel made no huge page here: see --allow-settings"}
	huge := dontneed
	huge.ID = probe.DontneedHuge
	report := func(kernel string, cases ...probe.Result) *diff.Probe {
		return &diff.Probe{Name: kernel + ".json", Report: probe.Report{
			Schema: probe.Schema, Host: mem.Host{Kernel: kernel, Arch: "amd64", PageSize: 4096, THP: "always"}, Cases: cases,
		}}
	}
	return diff.CompareProbes(report("5.10.262", dontneed, unknown, old, refused), report("7.3.4", dontneed, huge, part, guard))
}

func diffed(t *testing.T, o Options, r diff.Report, all bool) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteDiff(&out, o, &r, all); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDiffGolden(t *testing.T) {
	untraced := story()
	h := *untraced[0].Header
	h.Attach, h.Process.Comm = "", "other"
	none := diff.CompareRecordings(sideOf("none.whyres", []mem.Frame{{At: untraced[0].At, Header: &h}}), sideOf("new.whyres", story()))
	same := diff.CompareRecordings(sideOf("a.whyres", story()), sideOf("a.whyres", story()))
	for name, c := range map[string]struct {
		o   Options
		r   diff.Report
		all bool
	}{
		"diff-80":        {Options{Width: 80}, kernels(), false},
		"diff-80-color":  {Options{Width: 80, Color: true}, kernels(), false},
		"diff-120":       {Options{Width: 120}, kernels(), false},
		"diff-120-color": {Options{Width: 120, Color: true}, kernels(), false},
		"diff-50":        {Options{Width: 50}, kernels(), false},
		"diff-ascii":     {Options{Width: 80, ASCII: true}, kernels(), false},
		"diff-pipe":      {Options{}, kernels(), false},
		"diff-all-120":   {Options{Width: 120}, kernels(), true},
		"diff-nothing":   {Options{Width: 80}, none, false},
		"diff-same":      {Options{Width: 80}, same, false},
		"diff-probes-80": {Options{Width: 80}, probes(), false},
		"diff-probes":    {Options{Width: 120, Color: true}, probes(), true},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, diffed(t, c.o, c.r, c.all)) })
	}
}

// What people see fits their screen, and no name of a file takes it over.
func TestDiffFits(t *testing.T) {
	for _, w := range []int{80, 120, 200} {
		for _, r := range []diff.Report{kernels(), probes()} {
			text := diffed(t, Options{Width: w}, r, false)
			if n := strings.Count(text, "\n"); n > diffLines {
				t.Errorf("%d lines at %d columns:\n%s", n, w, text)
			}
			for line := range strings.Lines(text) {
				if n := width(strings.TrimRight(line, "\n")); n > w {
					t.Errorf("%d columns of %d: %q", n, w, line)
				}
			}
			if strings.Contains(text, "\x1b") {
				t.Errorf("an escape of a file's name: %q", text)
			}
		}
	}
}

// Colour says nothing that the words do not.
func TestDiffWithoutColour(t *testing.T) {
	plain := diffed(t, Options{Width: 80}, kernels(), true)
	coloured := diffed(t, Options{Width: 80, Color: true}, kernels(), true)
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	if got := escapes.ReplaceAllString(coloured, ""); got != plain {
		t.Errorf("without its colours:\n%s\nwant\n%s", got, plain)
	}
}

// Of two kernels what tells them apart is seen, and in full where there is room.
func TestDiffShowsVersions(t *testing.T) {
	const old, cloud = "5.10.0-46-cloud-amd64", "7.3.4+deb13-cloud-amd64"
	for _, c := range []struct {
		width      int
		a, b       string
		seen, also string
	}{
		{0, old, cloud, old, cloud},
		{120, old, cloud, old, cloud},
		{80, old, cloud, old, cloud},
		{50, old, cloud, " 5.10.0-46-clou…", " 7.3.4+deb13-cl…"},
		{50, "6.18.15+deb13-cloud-amd64", "6.18.15+deb13-amd64", " 6.18…loud-amd64", " 6.18…eb13-amd64"},
	} {
		r := diff.Report{Rows: []diff.Row{{
			ID: "host.kernel", Group: diff.GroupHost, What: "Linux", Unit: diff.Text, Mark: diff.Different,
			A: diff.Value{Text: c.a}, B: diff.Value{Text: c.b},
		}}}
		text := diffed(t, Options{Width: c.width}, r, false)
		if !strings.Contains(text, c.seen) || !strings.Contains(text, c.also) {
			t.Errorf("%d columns: no %q and %q in\n%s", c.width, c.seen, c.also, text)
		}
	}
}

// What a case measured stands below it, also where another case measured the same.
func TestDiffRepeatsNumbers(t *testing.T) {
	row := func(a, b, why string) diff.Row {
		return diff.Row{Group: diff.GroupCases, Unit: diff.Text, Mark: diff.Different, A: diff.Value{Text: a}, B: diff.Value{Text: b}, Why: why}
	}
	r := diff.Report{Rows: []diff.Row{
		row("freed", "lazy", "numbers"), row("freed", "lazy", "numbers"), row("unknown", "lazy", "reason"), row("unknown", "lazy", "reason"),
	}}
	text := diffed(t, Options{Width: 80}, r, false)
	if n, m := strings.Count(text, "numbers"), strings.Count(text, "reason"); n != 2 || m != 1 {
		t.Errorf("numbers %d times, a reason %d times:\n%s", n, m, text)
	}
}
