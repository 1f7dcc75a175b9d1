package timeline

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/mem"
)

// labRun is a run whose measures are these, in MiB, s, MiB minutes and ms: peak,
// rest, half, nine tenths, area, CPU, p50, p99, again, asked, left.
func labRun(n int, v ...float64) lab.Run {
	r := lab.Run{Number: n, Status: lab.StatusDone, GoVersion: "go1.26.8", Took: 1e9}
	set := func(f lab.Field, value float64) { *r.Measures.At(f) = &value }
	for i, c := range []struct {
		field lab.Field
		scale float64
	}{
		{lab.Peak, mib},
		{lab.Rest, mib},
		{lab.Half, 1e9},
		{lab.NineTenths, 1e9},
		{lab.Area, 60 * mib},
		{lab.CPU, 1e6},
		{lab.LatencyP50, 1e6},
		{lab.LatencyP99, 1e6},
		{lab.Refaulted, mib},
		{lab.Asked, mib},
		{lab.LeftRES, mib},
	} {
		set(c.field, v[i]*c.scale)
	}
	for _, f := range []lab.Field{lab.GCCPU, lab.ScavengeCPU, lab.ProcessCPU, lab.Faults} {
		set(f, 1e9)
	}
	return r
}

// labStory is a lab with all that can become of a setting.
func labStory(t *testing.T, runs int) *lab.Result {
	t.Helper()
	settings, err := lab.Settings(lab.Options{
		CanFree: true, CanGC: true, HostTHP: "madvise", THP: []string{"madvise", "always"}, Go: []string{"1.16"}, Quick: true,
		GoVersion: "go1.26.8",
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &lab.Result{
		Schema: lab.Schema, Quick: true, Runs: runs, Servers: 1, Settle: 9e9, Goal: lab.GoalRES, Rows: lab.Rows(settings),
		Host:     mem.Host{Kernel: "6.18.44", Arch: "amd64", CPUs: 2, CPUModel: "Some \x1b[2JCPU 9000", MemTotal: 7851 << 20, THP: "madvise"},
		Scenario: "the server that only accepts connections, 10,000 of them dropped after 2 s, three times; then small pulses of 1,000",
		Notes:    []string{"connections were lowered to 9,000: ulimit -Hn is\x1b[0m 10,000"},
	}
	none := labRun(1, 117.6, 19.1, 3.2, 6.1, 412.9, 91, 0.31, 3.15, 0.4, 98.2, 97.8)
	none.Measures.CPU, none.Unknown = nil, map[string]string{lab.CPU.ID(): "the Go runtime's own times could not be read"}
	old := labRun(1, 110.6, 17.1, 3.1, 6.0, 401.3, 55, 0.31, 3.15, 0.4, 98.2, 97.8)
	old.GoVersion, old.AtLeast = "go1.16.15", []string{lab.CPU.ID()}
	old.Notes = []string{"the Go runtime did not tell its scavenger's CPU time: the time within its calls stands for it"}
	for id, first := range map[string]lab.Run{
		lab.Default:            labRun(1, 117, 18.8, 3.1, 6.2, 412.3, 91, 0.31, 3.1, 0.4, 98.1, 97.9),
		"gogc-50":              labRun(1, 84.2, 15.2, 3.0, 6.1, 301, 170, 0.32, 3.1, 0.3, 69, 68.8),
		"gogc-25":              labRun(1, 70.1, 14.9, 3.0, 6.1, 262, 390, 0.35, 3.3, 0.3, 58, 57.6),
		"limit-small":          labRun(1, 71, 14.2, 2.9, 6.0, 255.1, 2210, 0.4, 21.2, 3.1, 64, 63.1),
		"limit-large":          {Number: 1, Status: lab.StatusFailed, Problem: "the server ended in the burst: signal: killed\x1b[2J"},
		"limit-large-gogc-off": labRun(1, 95, 90.1, 0, 0, 560, 30, 0.3, 3.0, 0, 5.2, 5.1),
		"madvdontneed-0":       none,
		"free-once":            labRun(1, 117.2, 12.1, 1.1, 1.1, 61.4, 118, 0.31, 4.0, 4.6, 105.1, 105),
		"free-30s":             labRun(1, 117.1, 12, 3, 3.1, 120.4, 151, 0.4, 4.4, 9.6, 108.1, 108),
		"thp-always":           {Number: 1, Status: lab.StatusRefused, Problem: "the kernel refuses it: EINVAL"},
		"go1.16":               old,
	} {
		r.Add(id, first)
	}
	return r
}

// labSpreadStory is the same with three runs of most.
func labSpreadStory(t *testing.T) *lab.Result {
	r := labStory(t, 3)
	for _, part := range []float64{0.99, 1.03} {
		for i := range r.Rows {
			if runs := r.Rows[i].Runs; len(runs) > 0 && runs[0].Status == lab.StatusDone {
				again := runs[0]
				again.Number = len(runs) + 1
				for _, f := range lab.Fields() {
					if v := *again.Measures.At(f); v != nil {
						scaled := *v * part
						*again.Measures.At(f) = &scaled
					}
				}
				r.Rows[i].Runs = append(r.Rows[i].Runs, again)
			}
		}
	}
	r.Judge()
	return r
}

func labTwo(t *testing.T) *lab.Result {
	r := labStory(t, 1)
	r.Servers = 2
	for i := range r.Rows {
		for n := range r.Rows[i].Runs {
			r.Rows[i].Runs[n].Together = &lab.Together{PeakOfSum: 117 * mib, SumOfPeaks: 201 * mib}
		}
	}
	r.Judge()
	return r
}

func labText(t *testing.T, o Options, r *lab.Result) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteLab(&out, o, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLabGolden(t *testing.T) {
	empty := labStory(t, 1)
	for i := range empty.Rows {
		empty.Rows[i].Runs = nil
	}
	empty.Judge()
	for name, c := range map[string]struct {
		o Options
		r *lab.Result
	}{
		"lab-80":           {Options{Width: 80}, labStory(t, 1)},
		"lab-80-color":     {Options{Width: 80, Color: true}, labStory(t, 1)},
		"lab-120":          {Options{Width: 120}, labStory(t, 1)},
		"lab-120-color":    {Options{Width: 120, Color: true}, labStory(t, 1)},
		"lab-50":           {Options{Width: 50}, labStory(t, 1)},
		"lab-pipe":         {Options{}, labStory(t, 1)},
		"lab-ascii":        {Options{Width: 80, ASCII: true}, labSpreadStory(t)},
		"lab-spread-80":    {Options{Width: 80}, labSpreadStory(t)},
		"lab-spread-120":   {Options{Width: 120, Color: true}, labSpreadStory(t)},
		"lab-two-80":       {Options{Width: 80}, labTwo(t)},
		"lab-two-120":      {Options{Width: 120}, labTwo(t)},
		"lab-nothing-done": {Options{Width: 80}, empty},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, labText(t, c.o, c.r)) })
	}
}

// What people see fits their screen, names and problems take nothing over, and the
// words say all that the colours do.
func TestLabFits(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, w := range []int{40, 50, 80, 100, 120, 200} {
		for _, r := range []*lab.Result{labStory(t, 1), labSpreadStory(t), labTwo(t)} {
			plain := labText(t, Options{Width: w}, r)
			for line := range strings.Lines(plain) {
				if n := width(strings.TrimRight(line, "\n")); n > w {
					t.Errorf("%d columns of %d: %q", n, w, line)
				}
			}
			if strings.Contains(plain, "\x1b") {
				t.Errorf("an escape of a problem: %q", plain)
			}
			coloured := labText(t, Options{Width: w, Color: true}, r)
			if got := escapes.ReplaceAllString(coloured, ""); got != plain {
				t.Errorf("without its colours:\n%s\nwant\n%s", got, plain)
			}
		}
	}
}

// Each number stands below its head, whatever columns there are, and is the run's.
func TestLabNumbersAreTheRuns(t *testing.T) {
	r := labStory(t, 1)
	lines := strings.Split(labText(t, Options{Width: 120}, r), "\n")
	at := -1
	for _, line := range lines {
		if before, _, found := strings.Cut(line, "p99"); found && at < 0 {
			at = width(before + "p99")
		}
	}
	for _, line := range lines {
		if strings.Contains(line, "FreeOSMemory after burst") && !strings.Contains(line, "note") && at > 0 {
			if got := string([]rune(line)[at-4 : at]); got != "4.00" {
				t.Errorf("p99 %q in %q", got, line)
			}
			return
		}
	}
	t.Error("no row of FreeOSMemory")
}

// Numbers of any size keep to their columns, and a column has as many decimals in
// all rows.
func TestLabColumnsHoldLargeNumbers(t *testing.T) {
	r := labStory(t, 1)
	r.Add("gogc-50", labRun(1, 40_000.4, 15.2, 3.0, 1234.5, 99_999, 170, 0.32, 123.4, 0.3, 69, 12_345.6))
	columns := labColumns(1)
	for i := range columns {
		c := &columns[i]
		c.settle(r.Rows)
		decimals := map[int]bool{}
		for _, row := range r.Rows {
			s := c.spread(&row)
			if s.N == 0 {
				continue
			}
			text := c.text(s.Median)
			_, after, _ := strings.Cut(text, ".")
			decimals[len(after)] = true
			if len(text) > wLabNumber {
				t.Errorf("%s: %q", c.field, text)
			}
		}
		if len(decimals) != 1 {
			t.Errorf("%s has %v decimals", c.field, decimals)
		}
	}
}
