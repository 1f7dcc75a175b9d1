package goruntime

import (
	"encoding/binary"

	"whyres/collector/mem"
)

// clockPlan says which of the variables that decide when memory is given back
// are read, and where each lands in the buffer.
type clockPlan struct {
	spans []span
	size  int
	at    map[string]int
}

// planClock takes what this version and this program have. Where the layout is
// that of a release nearby, nothing proves these fields: only variables that are
// one number are read.
func planClock(w *where) clockPlan {
	p := clockPlan{at: map[string]int{}}
	add := func(key string, addr uint64, size int) {
		p.at[key] = p.size
		p.spans = append(p.spans, span{addr, size})
		p.size += size
	}
	for _, v := range [...]struct {
		key  string
		size int
	}{{"gcphase", 4}, {"adviseUnused", 4}, {"MemProfileRate", 8}} {
		if addr, ok := w.addr[v.key]; ok {
			add(v.key, addr, v.size)
		}
	}
	if w.source == fromNearby {
		return p
	}
	for _, f := range [...]struct {
		variable, path string
		size           int
	}{
		{"scavenger", "parked", 1},
		{"scavenger", "sysmonWake", 4},
		{"sweep", "active.state", 4},
		{"debug", "madvdontneed", 4},
		{"debug", "gcshrinkstackoff", 4},
	} {
		if _, ok := w.addr[f.variable]; ok && w.has(f.variable+"."+f.path) {
			add(f.variable+"."+f.path, w.field(f.variable, f.path), f.size)
		}
	}
	return p
}

// clockReading is one reading of the pieces of a clockPlan.
type clockReading struct {
	plan *clockPlan
	buf  []byte
}

func (r clockReading) has(key string) bool {
	_, ok := r.plan.at[key]
	return ok
}

// u32 is 0 where the variable was not read.
func (r clockReading) u32(key string) uint32 {
	if !r.has(key) {
		return 0
	}
	return binary.LittleEndian.Uint32(r.buf[r.plan.at[key]:])
}

// Clock reads what decides when the runtime gives memory back, but for the
// monitor thread's sleep, which is the kernel's to tell. The sources: each P's
// timers, runtime.scavenger (parked, sysmonWake; until 1.18
// runtime.scavenge), gcphase, sweep.active, adviseUnused with debug.madvdontneed,
// debug.gcshrinkstackoff, MemProfileRate. A stripped program tells the timers alone.
//
// The timers are read only if asked for: they are words of each P, and sysmon's
// own sleep, which ends with the earliest of them, tells what follows from them.
func (t *Target) Clock(timers bool) (*mem.GoClock, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	c := &mem.GoClock{}
	if timers {
		timer, err := t.timer()
		if err != nil {
			return c, err
		}
		c.Timer = timer
	}
	if t.clock.size == 0 {
		return c, nil
	}
	r := clockReading{plan: &t.clock, buf: make([]byte, t.clock.size)}
	if err := t.memory.read(r.buf, t.clock.spans); err != nil {
		return nil, err
	}
	c.ScavengerParked = r.has("scavenger.parked") && r.buf[t.clock.at["scavenger.parked"]] != 0
	c.ScavengerAsked = r.u32("scavenger.sysmonWake") != 0
	c.ScavengerRead = r.has("scavenger.parked") && r.has("scavenger.sysmonWake")
	c.GCRunning = r.u32("gcphase") != 0
	c.Sweeping = r.sweeping()
	c.Advice = r.advice(t.where.minor)
	c.NoShrinkStacks = r.u32("debug.gcshrinkstackoff") != 0
	if r.has("MemProfileRate") {
		c.MemProfileRate = int64(binary.LittleEndian.Uint64(r.buf[t.clock.at["MemProfileRate"]:]))
	}
	return c, nil
}

// sweeping: the top bit of sweep.active.state says that no span is left to begin
// with, the others count the sweepers at work (activeSweep, runtime/mgcsweep.go,
// 1.17+). Before the first GC nothing is swept, and the bit is not set.
func (r clockReading) sweeping() bool {
	const drained = 1 << 31
	state := r.u32("sweep.active.state")
	return state != 0 && state != drained
}

// advice is what sysUnused asks the kernel with (runtime/mem_linux.go): FREE
// until a kernel has refused it, which is before 4.5, unless debug.madvdontneed
// is set, as it is by default since 1.16. A refused DONTNEED is remembered
// since 1.21, and stands above the setting.
func (r clockReading) advice(minor int) string {
	const (
		dontNeed    = 4
		unsupported = 0
	)
	if !r.has("adviseUnused") || !r.has("debug.madvdontneed") {
		return ""
	}
	switch unused := r.u32("adviseUnused"); {
	case minor >= 21 && unused == unsupported:
		return "none"
	case r.u32("debug.madvdontneed") != 0 || unused == dontNeed:
		return "MADV_DONTNEED"
	}
	return "MADV_FREE"
}

// SysmonNote is the address of runtime.sched.sysmonnote, on which the monitor
// thread sleeps; false where it is not known.
func (t *Target) SysmonNote() (mem.Addr, bool) {
	if t.usable() != nil || t.where.source == fromNearby || !t.where.has("sched.sysmonnote") {
		return 0, false
	}
	if _, ok := t.where.addr["sched"]; !ok {
		return 0, false
	}
	return mem.Addr(t.where.field("sched", "sysmonnote")), true
}
