package record

import (
	"fmt"

	"whyres/collector/mem"
)

// A recording is input like any other. Numbers outside of what Linux can
// produce are refused here, so that whatever reads frames may add sizes and
// instants without overflow.
const (
	maxPID     = 1 << 22 // PID_MAX_LIMIT, include/linux/threads.h
	maxInstant = 1 << 61 // 73 years of uptime
	maxBytes   = 1 << 57 // the largest user address space, five-level paging
)

func checkInstant(t mem.Instant) error { return within("t", int64(t), 0, maxInstant) }

func within(name string, v, low, high int64) error {
	if v < low || v > high {
		return fmt.Errorf("%s is %d: outside of %d to %d", name, v, low, high)
	}
	return nil
}

// value is 0 where there is none.
func value(v *int64) int64 {
	if v == nil {
		return 0
	}
	return *v
}

func checkHeader(h *mem.Header) error {
	return first(
		within("mono", int64(h.Mono), 0, maxInstant),
		checkProcess(&h.Process),
		within("page_size", int64(h.Host.PageSize), 0, 1<<30),
		within("cpus", int64(h.Host.CPUs), 0, 1<<20),
		checkHost(&h.Host),
	)
}

func checkHost(h *mem.Host) error {
	err := checkSizes("host", h.SwapTotal, h.MemTotal)
	if err == nil && h.MaxPtesNone != nil {
		err = within("max_ptes_none", int64(*h.MaxPtesNone), 0, 1<<20)
	}
	return err
}

// What whyres writes of an environment is shorter; a newer one may write more.
const (
	maxEnv     = 64
	maxEnvText = 8 << 10
)

func checkProcess(p *mem.Process) error {
	if p == nil {
		return nil
	}
	if len(p.Env) > maxEnv {
		return fmt.Errorf("env holds %d variables: at most %d", len(p.Env), maxEnv)
	}
	for name, value := range p.Env {
		if len(name) > maxEnvText || len(value) > maxEnvText {
			return fmt.Errorf("env holds a text of more than %d bytes", maxEnvText)
		}
	}
	return first(within("pid", int64(p.PID), 0, maxPID), within("up_ns", p.Up, 0, maxInstant))
}

func checkEvent(e *mem.Event) error {
	return first(
		checkInstant(e.At),
		within("dur_ns", e.Dur, 0, maxInstant),
		within("pid", int64(e.PID), 0, maxPID),
		within("tid", int64(e.TID), 0, maxPID),
		within("attributed", e.Attributed, -maxBytes, maxBytes),
		within("to_allocator", value(e.ToAllocator), 0, maxBytes),
		checkRSS("rss_before", e.Before),
		checkRSS("rss_after", e.After),
	)
}

func checkSample(s *mem.Sample) error {
	return first(
		checkInstant(s.At),
		within("dur_ns", s.Dur, 0, maxInstant),
		within("pid", int64(s.PID), 0, maxPID),
		within("threads", int64(s.Threads), 0, maxPID),
		within("vmas_cut", int64(s.VMAsCut), 0, 1<<31),
		checkRSS("rss", s.RSS),
		checkMemStats(s.MemStats),
		checkSizes("status", s.VMSize, s.VMPTE, s.VMLck, s.VMHWM),
		checkCgroup(s.Cgroup),
		checkClock(s.Clock),
		checkPages(s.Pages),
	)
}

func checkClock(c *mem.GoClock) error {
	if c == nil {
		return nil
	}
	return first(
		within("sysmon_ran", int64(c.SysmonRan), 0, maxInstant),
		within("sysmon_wakes", int64(c.SysmonWakes), 0, maxInstant),
		within("sysmon_sleep_ns", c.SysmonSleep, 0, maxInstant),
		within("timer", int64(c.Timer), 0, maxInstant),
	)
}

func checkPages(p *mem.GoPages) error {
	if p == nil {
		return nil
	}
	amounts := []mem.Amount{
		p.InUse, p.Stacks, p.Manual, p.Idle, p.Released, p.Reserved, p.Dense, p.Next, p.Now, p.Objects, p.Holes,
	}
	for i := range p.Sizes {
		c := &p.Sizes[i]
		amounts = append(amounts, c.InUse, mem.Amount{Bytes: c.Allocated, Resident: c.Free})
	}
	if g := p.Goroutines; g != nil {
		amounts = append(amounts, g.Live, g.Dead, g.System, g.Free)
	}
	for _, a := range amounts {
		if err := checkSizes("go_pages", a.Bytes, a.Resident, a.Huge, a.Zero); err != nil {
			return err
		}
	}
	if err := checkSizes("go_pages", p.Either); err != nil {
		return err
	}
	return checkChunks(p)
}

// So many pieces of so many bytes do not exceed maxBytes together. What whyres
// writes is far below both.
const (
	maxChunks     = 1 << 13
	maxChunkBytes = maxBytes / maxChunks
)

func checkChunks(p *mem.GoPages) error {
	if len(p.Chunks) > maxChunks {
		return fmt.Errorf("go_pages: %d chunks: at most %d", len(p.Chunks), maxChunks)
	}
	for i := range p.Chunks {
		c := &p.Chunks[i]
		for _, share := range [...]mem.Share{c.InUse, c.Stacks, c.Idle, c.Released, c.Reserved} {
			if share.Bytes() > maxChunkBytes || share.Resident() > maxChunkBytes {
				return fmt.Errorf("go_pages: a chunk of %d bytes, %d resident, is above any heap's", share.Bytes(), share.Resident())
			}
		}
	}
	return checkSizes("go_pages", p.ChunkBytes)
}

func checkCgroup(g *mem.Cgroup) error {
	if g == nil {
		return nil
	}
	return first(
		within("processes", int64(g.Processes), 0, maxPID),
		checkSizes("cgroup", g.Limit, g.LimitUsage, g.Usage, g.WorkingSet, g.Anon, g.File, g.InactiveFile, g.Shmem,
			g.Kernel, g.Sock, g.Slab, g.PageTables, g.Swap),
	)
}

// checkSizes bounds sizes by the largest address space. A control group's limit
// beyond that is none that whyres writes.
func checkSizes(what string, sizes ...uint64) error {
	for _, size := range sizes {
		if size > maxBytes {
			return fmt.Errorf("%s: a size of %d bytes is above any address space", what, size)
		}
	}
	return nil
}

// checkMemStats bounds the sizes that get added up. The goals and limits may be
// "none", which is the largest number.
func checkMemStats(m *mem.MemStats) error {
	if m == nil {
		return nil
	}
	for _, size := range [...]uint64{m.HeapSys, m.HeapInuse, m.HeapIdle, m.HeapReleased, m.HeapAlloc, m.StackInuse, m.StackSys, m.Sys} {
		if size > maxBytes {
			return fmt.Errorf("memstats: a size of %d bytes is above any address space", size)
		}
	}
	return first(
		within("last_gc_mono", int64(m.LastGC), -maxInstant, maxInstant),
		within("gc_cpu_ns", value(m.GCCPU), 0, maxInstant),
		within("scavenge_cpu_ns", value(m.ScavengeCPU), 0, maxInstant),
	)
}

func checkMark(m *mem.Mark) error {
	return first(
		checkInstant(m.At),
		within("pid", int64(m.PID), 0, maxPID),
		within("child", int64(m.Child), 0, maxPID),
		checkProcess(m.Process),
		within("grew", value(m.Grew), 0, maxBytes),
		checkRSS("rss", m.RSS),
	)
}

// checkRSS allows negative counts: the kernel's per-CPU counters can read below
// zero for a moment.
func checkRSS(name string, r mem.RSS) error {
	for _, v := range [...]int64{r.Anon, r.File, r.Shmem, r.Swap} {
		if v < -maxBytes || v > maxBytes {
			return fmt.Errorf("%s holds %d bytes: above any address space", name, v)
		}
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
