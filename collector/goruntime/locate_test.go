package goruntime

import (
	"errors"
	"testing"

	"whyres/collector/goruntime/internal/layout"
	"whyres/collector/mem"
)

// locatorOf makes one for the target's program, as if it were of Go 1.minor.
func locatorOf(t *testing.T, pid, minor int) *locator {
	t.Helper()
	im, exe, err := openImage("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = im.close() })
	bias, err := im.bias("/proc", pid, exe)
	if err != nil {
		t.Fatal(err)
	}
	l := &locator{target: &Target{PID: pid, memory: memory{pid: pid}}, arch: goarch(im.elf), minor: minor, bias: bias}
	if l.symbols, l.hasSymbols, err = variableSymbols(im, minor); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestProvedMeansRight tries every known layout on a target of the local
// toolchain, as if it were of a Go that is not known. Those that are taken must
// give the numbers that the target's own ReadMemStats gives, the others must be
// refused; at least one of each is there.
func TestProvedMeansRight(t *testing.T) {
	t.Parallel()
	c := startTarget(t, buildTarget(t, "local", "-ldflags=-w"))
	taken, refused := 0, 0
	seen := map[string]bool{}
	for minor := oldest; minor <= 27; minor++ {
		for patch := range 21 {
			v := layout.Version{Minor: minor, Patch: patch}
			candidate, err := layout.FromTable(v, "amd64")
			if err != nil || seen[candidate.String()] {
				continue
			}
			seen[candidate.String()] = true
			l := locatorOf(t, c.pid, 28)
			if err = l.try(candidate, fromNearby, nil); err == nil {
				err = l.target.isProved()
			}
			if err != nil {
				refused++
				if !errors.Is(err, ErrMismatch) && !errors.Is(err, ErrUnmapped) && !errors.Is(err, ErrNoLayout) {
					t.Errorf("%v: refused for %v", v, err)
				}
				continue
			}
			taken++
			t.Logf("the layout of %v is taken", v)
			c.holds(t, func(said map[string]uint64) []string {
				heap, err := l.target.Walk(WalkOptions{})
				if err != nil {
					t.Fatal(err)
				}
				return compare(heap.Stats, said)
			})
		}
	}
	if taken == 0 || refused < 20 {
		t.Errorf("%d layouts taken, %d refused", taken, refused)
	}
}

// TestSizes: every known layout holds together, and a damaged one is refused,
// whichever offset is wrong.
func TestSizes(t *testing.T) {
	known := 0
	for minor := oldest; minor <= 27; minor++ {
		for patch := range 21 {
			l, err := layout.FromTable(layout.Version{Minor: minor, Patch: patch}, "arm64")
			if err != nil {
				continue
			}
			known++
			w := &where{layout: l, minor: minor}
			if err := w.checkSizes(); err != nil {
				t.Errorf("Go 1.%d.%d: %v", minor, patch, err)
			}
			for _, root := range layout.Roots() {
				for _, field := range root.Fields {
					key := root.Key + "." + layout.Path(field)
					was, ok := l[key]
					if !ok {
						continue
					}
					l[key] = l[root.Key]
					if err := w.checkSizes(); !errors.Is(err, ErrNoLayout) {
						t.Errorf("Go 1.%d.%d with %s at its end: %v, want ErrNoLayout", minor, patch, key, err)
					}
					l[key] = was
				}
			}
		}
	}
	if known < 50 {
		t.Errorf("%d layouts known", known)
	}
}

// TestNearbyStandsIn opens a program of a Go that the table does not have, and
// that has no DWARF.
func TestNearbyStandsIn(t *testing.T) {
	t.Parallel()
	c := startTarget(t, buildTarget(t, "local", "-ldflags=-w"))
	l := locatorOf(t, c.pid, 26)
	if err := l.tryNearby(layout.Version{Minor: 26, Patch: 99}); err != nil {
		t.Fatal(err)
	}
	if notes := l.target.Binary.Notes; len(notes) != 1 || l.target.where.source != fromNearby {
		t.Errorf("notes %q, source %v; want one note, of a stand-in", notes, l.target.where.source)
	}
	heap, err := l.target.Walk(WalkOptions{Resident: pagemapKinds(t, c.pid)})
	if err != nil {
		t.Fatal(err)
	}
	if heap.Pages.Goroutines != nil || heap.ThreadStacks != nil || heap.Pages.Stacks.Resident == 0 {
		t.Errorf("stacks %+v, goroutines %+v: nothing proves the layout of g and m", heap.Pages.Stacks, heap.Pages.Goroutines)
	}
	l = locatorOf(t, c.pid, 14)
	if err := l.tryNearby(layout.Version{Minor: 14, Patch: 3}); !errors.Is(err, ErrNoLayout) {
		t.Errorf("as Go 1.14.3: %v, want ErrNoLayout", err)
	}
}

// TestVersionWithoutBuildInfo: Go 1.12 writes none, so that the version is in
// memory only: by the symbol table, or found among the data of a stripped
// program.
func TestVersionWithoutBuildInfo(t *testing.T) {
	for _, toolchain := range toolchains(t) {
		for _, args := range []string{"", "-ldflags=-s", "-buildmode=pie", "-buildmode=pie -ldflags=-s"} {
			if minor := minorOf(toolchain); toolchain != "local" && minor > 13 {
				continue
			}
			t.Run(toolchain+" "+args, func(t *testing.T) {
				t.Parallel()
				c := startTarget(t, buildTargetAs(t, toolchain, build{args: args}))
				target, _ := Open("/proc", c.pid)
				im, exe, err := openImage("/proc", c.pid)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = im.close() }()
				bias, err := im.bias("/proc", c.pid, exe)
				if err != nil {
					t.Fatal(err)
				}
				version, err := versionInData(im.elf, &target.memory, bias)
				if err != nil || version != target.Binary.GoVersion {
					t.Errorf("in the data: %q, %v; Open says %q", version, err, target.Binary.GoVersion)
				}
				if toolchain != "local" && version != toolchain {
					t.Errorf("%q, want %q", version, toolchain)
				}
			})
		}
	}
}

func TestWithTail(t *testing.T) {
	chunk := func(from, to mem.Addr) mem.Range { return mem.Range{Start: from * chunkBytes, End: to * chunkBytes} }
	for _, tt := range []struct {
		name   string
		ranges []mem.Range
		tail   mem.Range
		want   []mem.Range
		ok     bool
	}{
		{"none", []mem.Range{chunk(1, 2)}, mem.Range{}, []mem.Range{chunk(1, 2)}, true},
		{"after", []mem.Range{chunk(1, 2)}, chunk(2, 16), []mem.Range{chunk(1, 16)}, true},
		{"apart, before", []mem.Range{chunk(32, 33)}, chunk(2, 16), []mem.Range{chunk(2, 16), chunk(32, 33)}, true},
		{"no range yet", nil, chunk(2, 16), []mem.Range{chunk(2, 16)}, true},
		{"grown meanwhile", []mem.Range{chunk(1, 3)}, chunk(2, 16), []mem.Range{chunk(1, 3)}, false},
	} {
		got, ok := withTail(tt.ranges, tt.tail)
		if ok != tt.ok || len(got) != len(tt.want) {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, got, ok, tt.want, tt.ok)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
	}
}

// TestFreeSpans: free spans of Go 1.12 and 1.13.
func TestFreeSpans(t *testing.T) {
	base := mem.Addr(7 * arenaBytes)
	arena := mem.RangeAt(base, arenaBytes)
	w := walk{pages: newPageMap([]mem.Range{arena})}
	w.pages.fill(arena, pageReserved)
	w.markSpans([]heapSpan{
		{start: base, npages: 3, state: pageIdle},
		{start: base + 3*pageSize, npages: 5, state: pageReleased},
	})
	want := [pageStates]uint64{pageIdle: 3 * pageSize, pageReleased: 5 * pageSize, pageReserved: arenaBytes - 8*pageSize}
	if got := w.pages.sums(); got != want || w.contradicted != 0 {
		t.Errorf("%v, %d contradicted; want %v", got, w.contradicted, want)
	}
	if w.markSpans([]heapSpan{{start: base + 7*pageSize, npages: 2, state: pageReleased}}); w.contradicted == 0 {
		t.Error("a page in two spans is no contradiction")
	}
}
