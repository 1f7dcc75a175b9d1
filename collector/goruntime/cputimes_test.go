package goruntime

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"whyres/collector/mem"
)

// buildCPUTimes builds testdata/cputimes, with what metrics.Read says where that
// says anything of the CPU.
func buildCPUTimes(t *testing.T, toolchain string, args ...string) string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"main.go", "metrics.go"} {
		if name == "metrics.go" && minorOf(toolchain) < 20 {
			continue
		}
		text, err := os.ReadFile(filepath.Join("testdata", "cputimes", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return buildFiles(t, toolchain, files, args...)
}

// looks are what a light and a full look say.
func looks(t *testing.T, target *Target, pid int) [2]*mem.MemStats {
	t.Helper()
	light, err := target.MemStats()
	if err != nil {
		t.Fatal(err)
	}
	full, err := target.Walk(WalkOptions{Resident: pagemapKinds(t, pid)})
	if err != nil {
		t.Fatal(err)
	}
	return [2]*mem.MemStats{light, full.Stats}
}

// TestCPUTimes compares the times with what the target itself is told: by
// metrics.Read, or before Go 1.20 by MemStats.GCCPUFraction.
func TestCPUTimes(t *testing.T) {
	for _, toolchain := range toolchains(t) {
		t.Run(toolchain, func(t *testing.T) {
			t.Parallel()
			minor := minorOf(toolchain)
			program := buildCPUTimes(t, toolchain)
			for _, env := range []string{"GOGC=100", "GOMEMLIMIT=12MiB"} {
				start := time.Now()
				c := startTarget(t, program, env)
				target, err := Open("/proc", c.pid)
				if err != nil {
					t.Fatal(err)
				}
				if minor < 20 {
					equalsFraction(t, target, c, start)
					continue
				}
				equalsMetrics(t, target, &c)
			}
			c := startTarget(t, buildCPUTimes(t, toolchain, "-ldflags=-s"))
			target, err := Open("/proc", c.pid)
			if err != nil {
				t.Fatal(err)
			}
			if minor >= 26 { // runtime.work is found by its list of queues
				equalsMetrics(t, target, &c)
				return
			}
			for _, s := range looks(t, target, c.pid) {
				if s.GCCPU != nil || s.ScavengeCPU != nil {
					t.Errorf("stripped: the GC's time %v, the scavenger's %v, want neither", s.GCCPU, s.ScavengeCPU)
				}
			}
		})
	}
}

// equalsMetrics: the GC's time is that of metrics.Read to the rounding of seconds.
// The scavenger's, which is up to now, is between what metrics.Read said after
// the last GC and what it says after the next.
func equalsMetrics(t *testing.T, target *Target, c *child) {
	t.Helper()
	last := c.said["ScavengeTotal"]
	stats := looks(t, target, c.pid)
	for _, s := range stats {
		if s.GCCPU == nil || s.ScavengeCPU == nil {
			t.Fatalf("the GC's time %v, the scavenger's %v, want both", s.GCCPU, s.ScavengeCPU)
		}
		if want := c.said["GCTotal"] - c.said["GCIdle"]; want == 0 || apartBy(uint64(*s.GCCPU), want) > 2 {
			t.Errorf("the GC took %d ns, metrics.Read says %d", *s.GCCPU, want)
		}
	}
	if _, err := c.stdin.Write([]byte{'g'}); err != nil {
		t.Fatal(err)
	}
	c.listen(t)
	next := c.said["ScavengeTotal"]
	for _, s := range stats {
		if got := uint64(*s.ScavengeCPU); next == 0 || got+2 < last || got > next+2 {
			t.Errorf("the scavenger took %d ns, metrics.Read says %d before and %d after", got, last, next)
		}
	}
	t.Logf("GC %v, scavenger %v", time.Duration(*stats[0].GCCPU), time.Duration(*stats[0].ScavengeCPU))
}

// TestFreeOSMemoryIsCountedNowhere: what debug.FreeOSMemory's releasing takes is in none
// of the CPU times that the target itself is told, so in none of ours. The GCs around
// it count, by the clock: of several tries the one least disturbed tells.
func TestFreeOSMemoryIsCountedNowhere(t *testing.T) {
	for _, toolchain := range toolchains(t) {
		t.Run(toolchain, func(t *testing.T) {
			if minorOf(toolchain) < 20 {
				t.Skip("metrics.Read tells no CPU times before Go 1.20")
			}
			c := startTarget(t, buildCPUTimes(t, toolchain))
			target, err := Open("/proc", c.pid)
			if err != nil {
				t.Fatal(err)
			}
			counted := 1.0
			for range 3 {
				counted = min(counted, countedOfFreeing(t, target, &c))
			}
			if counted > 0.5 {
				t.Errorf("%.2f of what the releasing took was counted", counted)
			}
		})
	}
}

// countedOfFreeing is which part of the time of FreeOSMemory's releasing the runtime
// has counted meanwhile, as GC or as scavenging, to itself or to us.
func countedOfFreeing(t *testing.T, target *Target, c *child) float64 {
	t.Helper()
	total := func() int64 {
		s, err := target.MemStats()
		if err != nil || s.GCCPU == nil || s.ScavengeCPU == nil {
			t.Fatalf("no times were read: %v", err)
		}
		return *s.GCCPU + *s.ScavengeCPU
	}
	before := total()
	if _, err := c.stdin.Write([]byte{'f'}); err != nil {
		t.Fatal(err)
	}
	c.listen(t)
	scavenge, gc := c.said["ScavengeTotal"], c.said["GCTotal"]
	c.listen(t)
	scavenge, gc = c.said["ScavengeTotal"]-scavenge, c.said["GCTotal"]-gc
	ours, freeing := total()-before, c.said["Freeing"]
	t.Logf("releasing took %v; metrics.Read counted %v of scavenging and %v of GCs, we %v", time.Duration(freeing), time.Duration(scavenge), time.Duration(gc), time.Duration(ours))
	if freeing < uint64(5*time.Millisecond) {
		t.Fatal("too little to be seen")
	}
	return float64(max(scavenge+gc, uint64(ours))) / float64(freeing)
}

func apartBy(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// equalsFraction: GCCPUFraction is the GC's time over that of all Ps from their
// making, which was between our start and main's, to the last GC.
func equalsFraction(t *testing.T, target *Target, c child, start time.Time) {
	t.Helper()
	span := func(from int64) uint64 {
		const e12 = 1e12
		return uint64(float64(c.said["FractionE12"]) / e12 * float64(c.said["Procs"]) * float64(int64(c.said["LastGC"])-from))
	}
	least, most := span(int64(c.said["Begun"])), span(start.UnixNano())
	for _, s := range looks(t, target, c.pid) {
		if s.GCCPU == nil || s.ScavengeCPU != nil {
			t.Fatalf("the GC's time %v, the scavenger's %v, want the first alone", s.GCCPU, s.ScavengeCPU)
		}
		if got := uint64(*s.GCCPU); least == 0 || got+1000 < least || got > most+1000 {
			t.Errorf("the GC took %d ns, by GCCPUFraction %d to %d", got, least, most)
		}
	}
	t.Logf("GC between %v and %v", time.Duration(least), time.Duration(most))
}

// TestCPUTimesNeverFall reads them while GCs end one after the other, when the
// runtime moves the scavenger's time from one counter to the other.
func TestCPUTimesNeverFall(t *testing.T) {
	t.Parallel()
	c := startTarget(t, buildCPUTimes(t, "local"), "GOMEMLIMIT=12MiB")
	target, err := Open("/proc", c.pid)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.stdin.Write([]byte{'c'}); err != nil {
		t.Fatal(err)
	}
	c.listen(t)
	var gc, scavenge, reads, unknown int64
	began, first, last := time.Now(), uint32(0), uint32(0)
	for ; time.Since(began) < 2*time.Second; reads++ {
		s, err := target.MemStats()
		if err != nil {
			t.Fatal(err)
		}
		if first == 0 {
			first = s.NumGC
		}
		last = s.NumGC
		if s.GCCPU == nil || s.ScavengeCPU == nil {
			unknown++
			continue
		}
		if *s.GCCPU < gc || *s.ScavengeCPU < scavenge {
			t.Fatalf("read %d: GC %d ns after %d, scavenger %d after %d", reads, *s.GCCPU, gc, *s.ScavengeCPU, scavenge)
		}
		gc, scavenge = *s.GCCPU, *s.ScavengeCPU
	}
	t.Logf("%d reads, %d unknown, %d GCs; GC %v, scavenger %v", reads, unknown, last-first, time.Duration(gc), time.Duration(scavenge))
	if last-first < 10 || unknown > reads/10 {
		t.Errorf("%d GCs in %d reads, %d of them unknown", last-first, reads, unknown)
	}
}
