package goruntime

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"whyres/collector/mem"
)

// shapesOf builds testdata/shapes for each toolchain and runs the test with it.
func shapesOf(t *testing.T, test func(t *testing.T, program string)) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "shapes", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, toolchain := range toolchains(t) {
		program := buildProgram(t, toolchain, string(src))
		t.Run(toolchain, func(t *testing.T) {
			t.Parallel()
			test(t, program)
		})
	}
}

// shape runs the program with a shape and walks it at rest. A runtime that did
// something of its own accord after the program has spoken, started a thread for
// instance, gets another chance.
func shape(t *testing.T, program, name, n string) (*Heap, child) {
	t.Helper()
	for try := 0; ; try++ {
		c := start(t, exec.Command(program, name, n))
		h, problems := walkShape(t, c, name+" "+n)
		if len(problems) > 0 && try < 3 {
			t.Logf("once more: %q", problems)
			c.end()
			continue
		}
		for _, p := range problems {
			t.Error(p)
		}
		return h, c
	}
}

func walkShape(t *testing.T, c child, name string) (h *Heap, problems []string) {
	t.Helper()
	target, err := Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if h, err = target.Walk(WalkOptions{Resident: pagemapKinds(t, c.pid), Sizes: true}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: Walk: %v", name, time.Since(began))
	checkSums(t, h)
	if !h.Pages.Agrees {
		problems = append(problems, fmt.Sprintf("%s: off by %d, of a process at rest", name, h.Pages.Off))
	}
	if h.Pages.InUse.Bytes != c.said["HeapInuse"] || h.Pages.Stacks.Bytes != c.said["StackInuse"] {
		problems = append(problems, fmt.Sprintf("%s: %d in use, %d of stacks; ReadMemStats says %v", name, h.Pages.InUse.Bytes, h.Pages.Stacks.Bytes, c.said))
	}
	return h, problems
}

// within checks that got is at least want, and not more than slack above.
func within(t *testing.T, what string, got, want, slack uint64) {
	t.Helper()
	if got < want || got > want+slack {
		t.Errorf("%s: %d, want %d to %d", what, got, want, want+slack)
	}
}

func TestGoroutines(t *testing.T) {
	shapesOf(t, func(t *testing.T, program string) {
		const mib = 1 << 20
		// 40 frames of some 540 bytes: their pages are resident.
		h, c := shape(t, program, "live", "1000")
		g := h.Pages.Goroutines
		t.Logf("%+v", g)
		within(t, "live goroutines", uint64(g.Count), c.said["Goroutines"], 20)
		within(t, "live stacks", g.Live.Bytes, 1000*32<<10, mib/4)
		within(t, "live stacks, resident", g.Live.Resident, 1000*20<<10, 1000*12<<10)
		if g.DeadHolding > 20 || g.System.Bytes == 0 {
			t.Errorf("%+v: no goroutine ended, and the runtime has threads", g)
		}

		h, _ = shape(t, program, "dead", "10000")
		g = h.Pages.Goroutines
		t.Logf("%+v", g)
		within(t, "dead goroutines", uint64(g.DeadCount), 10000, 20)
		// A few may have grown theirs: such stacks are freed at once.
		within(t, "dead goroutines that hold a stack", uint64(g.DeadHolding), 9990, 30)
		within(t, "dead stacks", g.Dead.Bytes, 9990*2<<10, 20*8<<10)
		within(t, "dead stacks, resident", g.Dead.Resident, 9990*2<<10, 20*8<<10)
		within(t, "live goroutines", uint64(g.Count), 1, 20)

		before := g.System.Bytes
		h, _ = shape(t, program, "threads", "100")
		// g0 has 16 KiB (8 up to Go 1.19), the signal handler 32 KiB.
		g = h.Pages.Goroutines
		within(t, "the runtime's stacks", g.System.Bytes, before+90*40<<10, 20*48<<10+100*8<<10)
		if len(h.ThreadStacks) != 0 {
			t.Errorf("stacks of C's threads without cgo: %v", h.ThreadStacks)
		}
	})
}

func TestObjects(t *testing.T) {
	shapesOf(t, func(t *testing.T, program string) {
		class := func(h *Heap) (c mem.SizeClass) {
			for _, c := range h.Pages.Sizes {
				if c.Size == 1024 {
					return c
				}
			}
			t.Fatal("no objects of 1,024 bytes")
			return c
		}
		h, c := shape(t, program, "objects", "100000")
		within(t, "objects of 1,024 bytes", class(h).Objects, 100000, 200)
		within(t, "their bytes", class(h).Allocated, 100000<<10, 200<<10)
		within(t, "their bytes, resident", class(h).InUse.Resident, 100000<<10, mibs)
		within(t, "HeapAlloc", h.Stats.HeapAlloc, c.said["HeapAlloc"], 16<<10)
		within(t, "large objects", h.Pages.Sizes[0].Allocated, 800000, mibs)
		if h.Pages.Either > mibs/2 {
			t.Errorf("Either %d: the spans are resident throughout", h.Pages.Either)
		}

		h, _ = shape(t, program, "halves", "100000")
		within(t, "objects of 1,024 bytes", class(h).Objects, 50000, 200)
		within(t, "free slots of 1,024 bytes", class(h).Free, 50000<<10, mibs)
		within(t, "holes", h.Pages.Holes.Resident, 50000<<10, 2*mibs)
		within(t, "objects", h.Pages.Objects.Resident, 50000<<10, 3*mibs)

		h, _ = shape(t, program, "untouched", "64")
		within(t, "objects", h.Pages.Objects.Bytes, 64*mibs, mibs)
		within(t, "objects, resident", h.Pages.Objects.Resident, 0, mibs)

		h, _ = shape(t, program, "zero", "16")
		within(t, "objects, resident", h.Pages.Objects.Resident, 0, mibs)
		within(t, "objects read but never written", h.Pages.Objects.Zero, 16*mibs-8192, 64<<10)

		// How many huge pages the kernel has to give depends on what else runs.
		var ours, smaps uint64
		for try := 0; try < 4 && (ours != smaps || ours < 16*mibs); try++ {
			h, child := shape(t, program, "huge", "32")
			ours, smaps = h.Pages.Objects.Huge, smapsOf(t, child.pid).huge
			child.end()
		}
		if ours != smaps || ours < 16*mibs {
			t.Errorf("%d bytes of objects in huge pages, smaps says %d", ours, smaps)
		}
	})
}

const mibs = 1 << 20

// TestReleased compares the runs with the sum, and what is resident in all
// states with smaps.
func TestReleased(t *testing.T) {
	shapesOf(t, func(t *testing.T, program string) {
		h, c := shape(t, program, "tatters", "64")
		var bytes uint64
		var last mem.Addr
		for _, r := range h.Released {
			if r.Empty() || r.Start <= last {
				t.Fatalf("runs %v after %s", r, last)
			}
			last = r.End
			bytes += r.Len()
		}
		if bytes != h.Pages.Released.Bytes || len(h.Released) < 3000 {
			t.Errorf("%d runs of %d bytes, Released has %d", len(h.Released), bytes, h.Pages.Released.Bytes)
		}
		p := h.Pages
		resident := p.InUse.Resident + p.Stacks.Resident + p.Manual.Resident + p.Idle.Resident + p.Released.Resident + p.Reserved.Resident
		if want := smapsOf(t, c.pid).within(p.Arenas); resident != want {
			t.Errorf("%d resident in the arenas, smaps says %d", resident, want)
		}
	})
}

// TestOwn: outside the arenas and the program's own data, what is resident of a
// plain Go process's anonymous memory is what the runtime mapped for itself.
func TestOwn(t *testing.T) {
	shapesOf(t, func(t *testing.T, program string) {
		for _, s := range [][2]string{{"plain", "0"}, {"objects", "100000"}, {"dead", "10000"}} {
			h, c := shape(t, program, s[0], s[1])
			var last mem.Addr
			for _, r := range h.Own {
				if r.Empty() || r.Start <= last {
					t.Fatalf("range %v after %s", r, last)
				}
				for _, a := range h.Pages.Arenas {
					if !r.Intersect(a).Empty() {
						t.Errorf("range %v overlaps arena %v", r, a)
					}
				}
				last = r.End
			}
			var found uint64
			if err := pagemapKinds(t, c.pid)(mapped(t, c.pid, h.Own), func(r mem.Range, kind mem.PageKind) {
				if kind != mem.PageZero {
					found += r.Len()
				}
			}); err != nil {
				t.Fatal(err)
			}
			want, names := smapsOf(t, c.pid).outside(h.Pages.Arenas)
			t.Logf("%s: %d ranges, %d of %d KiB resident: %.1f %%", s[0], len(h.Own), found>>10, want>>10, 100*float64(found)/float64(want))
			if found > want || float64(found) < 0.97*float64(want) {
				t.Errorf("%s: found %d bytes, of %d; %v", s[0], found, want, names)
			}
		}
	})
}

// TestStirredStacks looks at a process whose goroutines come and go, and whose
// stacks move: parts sum to their wholes in every look.
func TestStirredStacks(t *testing.T) {
	shapesOf(t, func(t *testing.T, program string) {
		c := start(t, exec.Command(program, "stir", "4"))
		target, err := Open("/proc", c.pid)
		if err != nil {
			t.Fatal(err)
		}
		resident := pagemapKinds(t, c.pid)
		agreed, live := 0, uint64(0)
		for range 50 {
			h, err := target.Walk(WalkOptions{Resident: resident, Sizes: true})
			if err != nil {
				t.Fatal(err)
			}
			checkSums(t, h)
			live = max(live, h.Pages.Goroutines.Live.Bytes)
			if h.Pages.Agrees {
				agreed++
			}
		}
		t.Logf("%d of 50 walks agreed; at most %d KiB of live stacks", agreed, live>>10)
		if live < 100<<10 {
			t.Errorf("at most %d bytes of live stacks were seen", live)
		}
	})
}

// TestWalkWithoutOptionalVariables: of a stripped binary not all variables can be
// found. The walk tells less, and what it tells still sums.
func TestWalkWithoutOptionalVariables(t *testing.T) {
	shapesOf(t, func(t *testing.T, program string) {
		c := start(t, exec.Command(program, "dead", "1000"))
		target, err := Open("/proc", c.pid)
		if err != nil {
			t.Fatal(err)
		}
		walk := func() *Heap {
			h, err := target.Walk(WalkOptions{Resident: pagemapKinds(t, c.pid), Sizes: true})
			if err != nil {
				t.Fatal(err)
			}
			checkSums(t, h)
			return h
		}
		length := func(ranges []mem.Range) (n uint64) {
			for _, r := range ranges {
				n += r.Len()
			}
			return n
		}
		all := walk()
		for _, key := range []string{"persistentChunks", "gcBitsArenas", "buckhash", "work", "allgs", "allm"} {
			addr, ok := target.where.addr[key]
			if !ok && key != "work" {
				t.Errorf("no address of %s in a binary with symbols", key)
			}
			delete(target.where.addr, key)
			h := walk()
			// Without the threads' stacks those that are nobody's are not known.
			if (h.Pages.Goroutines == nil) != (key == "allgs" || key == "allm") {
				t.Errorf("without %s: goroutines %+v", key, h.Pages.Goroutines)
			}
			if key == "allgs" {
				target.where.addr[key] = addr
			}
			if h.Pages.Stacks.Bytes != all.Pages.Stacks.Bytes {
				t.Errorf("without %s: %d bytes of stacks, were %d", key, h.Pages.Stacks.Bytes, all.Pages.Stacks.Bytes)
			}
		}
		if h := walk(); len(h.Own) == 0 || length(h.Own) >= length(all.Own) {
			t.Errorf("without the variables: %d bytes of its own, were %d", length(h.Own), length(all.Own))
		}
	})
}
