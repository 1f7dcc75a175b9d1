package bpf

import (
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a call gave to the kernel's allocator, against a subject that knows it by
// construction: RES falls by what was asked, the allocator gets what nobody else
// holds.
func TestWhatTheAllocatorGets(t *testing.T) {
	page := int64(os.Getpagesize())
	late := mostLate()
	eachWay(t, func(t *testing.T, o Options) {
		o.Allocator = true
		s := startSubject(t, "frees")
		tr := open4test(t, o, s)
		var want []made
		s.run(t, &want)
		events, _ := drain(t, tr)
		if len(want) != 3+16 {
			t.Logf("only %d releases: no huge pages were to be had", len(want))
		}
		for i, e := range releasesOf(t, events, want) {
			if -e.Attributed != want[i].Left*page {
				t.Errorf("%s of %d: %d pages left RES, want %d", e.Advice, e.Len, -e.Attributed/page, want[i].Left)
			}
			switch {
			case e.ToAllocator == nil:
				t.Errorf("%s of %d: what the allocator got was not measured", e.Advice, e.Len)
			case max(*e.ToAllocator-want[i].Freed*page, want[i].Freed*page-*e.ToAllocator) > late:
				t.Errorf("%s of %d: the allocator got %d pages, want %d", e.Advice, e.Len, *e.ToAllocator/page, want[i].Freed)
			}
		}
	})
}

// mostLate is how much of a call's memory the allocator may get by a later call:
// freshly touched pages wait in a batch on the CPU that touched them (lru_add,
// mm/swap.c), 31 at most (PAGEVEC_SIZE), and are not free while they do.
func mostLate() int64 { return int64(31 * runtime.NumCPU() * os.Getpagesize()) }

// Nobody pays for what was not asked for.
func TestAllocatorIsOptIn(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := startSubject(t, "releases")
		tr := open4test(t, o, s)
		if tr.coll.Programs[kernelProgPageFreed] != nil {
			t.Error("the program for freed pages is loaded without being asked for")
		}
		var want []made
		s.run(t, &want)
		events, _ := drain(t, tr)
		for _, e := range releasesOf(t, events, want) {
			if e.ToAllocator != nil {
				t.Fatalf("%s of %d says what the allocator got: %d", e.Advice, e.Len, *e.ToAllocator)
			}
		}
	})
}

// What Options.Allocator costs a process that nobody traces, as the quickest burst
// of page faults and releases with it over the quickest without it, the program
// attached both times.
func TestCostOfTheAllocatorForTheUnrelated(t *testing.T) {
	privileged(t)
	if os.Getenv("WHYRES_VM") != "" {
		t.Skip("a ratio of emulated instructions says nothing, and attaching takes minutes there")
	}
	pages := area(8 * os.Getpagesize())
	loops := map[string]func(){
		"8 faults and a release": func() { touch(pages); _ = unix.Madvise(pages, unix.MADV_DONTNEED) },
	}
	without, with := map[string]time.Duration{}, map[string]time.Duration{}
	for range 6 {
		for asked, best := range map[bool]map[string]time.Duration{false: without, true: with} {
			tr, err := Open(Options{Allocator: asked})
			if err != nil {
				t.Fatal(err)
			}
			quickest(best, loops)
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name := range loops {
		ratio := float64(with[name]) / float64(without[name])
		t.Logf("%s: x%.3f (%v to %v)", name, ratio, without[name]/burst, with[name]/burst)
		if ratio > 1.5 {
			t.Errorf("%s takes x%.2f", name, ratio)
		}
	}
}
