package causes

import (
	"strings"
	"testing"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

const oneMiB = 1 << 20

// leaf is a part of a ledger in whole MiB.
type leaf struct {
	id  string
	mib int64
}

// goFacts are a process of Go 1.26 that has run for an hour, and whose last GC of 31
// was a minute ago and found 40 MiB live: nothing has been allocated since.
func goFacts(change func(*Facts), leaves ...leaf) *Facts {
	const now = mem.Instant(2 * time.Hour)
	f := &Facts{
		Host:    mem.Host{Arch: "amd64"},
		Process: mem.Process{PID: 7, GoVersion: "go1.26.8"},
		Up:      time.Hour,
		Sample: &mem.Sample{
			At: now,
			MemStats: &mem.MemStats{
				Source: "memory", HeapWalked: true, GCPercent: 100, NumGC: 31, LastGC: now.Add(-time.Minute),
				HeapAlloc: 40 * oneMiB, HeapMarked: 40 * oneMiB, NextGC: 80 * oneMiB, HeapInuse: 44 * oneMiB,
				HeapSys: 100 * oneMiB,
			},
			Pages: &mem.GoPages{},
		},
	}
	for _, l := range leaves {
		f.Ledger.Parts = append(f.Ledger.Parts, ledger.Part{ID: l.id, Bytes: l.mib * oneMiB})
		f.Ledger.RES += l.mib * oneMiB
	}
	if change != nil {
		change(f)
	}
	return f
}

// heapCase is what one cause is to find in some facts.
type heapCase struct {
	name   string
	cause  func() Cause
	facts  *Facts
	want   Confidence // "" where it is to find nothing
	mib    int64
	saying string // what its sentence, evidence, remedies and questions hold
}

func (c *heapCase) check(t *testing.T) {
	t.Helper()
	cause := c.cause()
	j := Judge([]Cause{cause}, c.facts)
	if j.Healthy+sumOf(j.Causes) != c.facts.RES() {
		t.Errorf("%d healthy and %d do not sum to RES", j.Healthy, sumOf(j.Causes))
	}
	if c.want == "" {
		if len(j.Causes) > 0 {
			t.Errorf("it finds %+v", j.Causes[0])
		}
		return
	}
	if len(j.Causes) != 1 {
		t.Fatalf("it finds %d", len(j.Causes))
	}
	got := &j.Causes[0]
	if got.Confidence != c.want || got.Bytes != c.mib*oneMiB {
		t.Errorf("it is %s with %s, want %s with %d MiB", got.Confidence, size(got.Bytes), c.want, c.mib)
	}
	all := strings.Join(append(append(append([]string{got.Says}, got.Evidence...), got.Remedy...), got.Ask...), "\n")
	if !strings.Contains(all, c.saying) {
		t.Errorf("it does not say %q:\n%s", c.saying, all)
	}
	if len(got.Evidence) == 0 || len(got.Remedy) == 0 || strings.HasSuffix(got.Says, ".") {
		t.Errorf("it lacks evidence or a remedy, or ends in a full stop: %+v", got)
	}
}

func sumOf(causes []Judged) (sum int64) {
	for i := range causes {
		sum += causes[i].Bytes
	}
	return sum
}

func checkHeap(t *testing.T, cases []heapCase) {
	for _, c := range cases {
		t.Run(c.cause().ID+"/"+c.name, c.check)
	}
}

// pages sets what was read of Go's pages.
func pages(p mem.GoPages) func(*Facts) { return func(f *Facts) { f.Sample.Pages = &p } }

// with does several changes.
func with(changes ...func(*Facts)) func(*Facts) {
	return func(f *Facts) {
		for _, change := range changes {
			change(f)
		}
	}
}

// lastGCAgo has had the last GC so long ago.
func lastGCAgo(d time.Duration) func(*Facts) {
	return func(f *Facts) { f.Sample.MemStats.LastGC = f.Sample.At.Add(-d) }
}

func noGC(f *Facts) { f.Sample.MemStats.NumGC, f.Sample.MemStats.LastGC = 0, 0 }

func gogcIs(percent int32) func(*Facts) {
	return func(f *Facts) { f.Sample.MemStats.GCPercent = percent }
}

func builtBy(version string) func(*Facts) {
	return func(f *Facts) { f.Process.GoVersion = version }
}

// busy has had a GC each two seconds for its whole hour.
func busy(f *Facts) { f.Sample.MemStats.NumGC = 1800 }
