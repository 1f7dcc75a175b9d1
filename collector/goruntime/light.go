package goruntime

import (
	"encoding/binary"
	"fmt"
)

// lightPlan says which pieces of the target's memory a light sample reads, in
// one system call, and where each lands in the buffer.
type lightPlan struct {
	spans []span
	size  int
	at    map[string]int
}

// planLight takes the variables with the counters whole (10 KiB in all) and some
// words of mheap_: those of them that this version has.
func planLight(w *where) lightPlan {
	p := lightPlan{at: map[string]int{}}
	p.addCPU(w)
	for _, key := range []string{"scavenge", "gcController", "memstats"} {
		if addr, ok := w.addr[key]; ok {
			p.add(key, addr, w.off(key))
		}
	}
	p.add("spanalloc", w.field("mheap_", "spanalloc.inuse"), 8)
	p.add("spanstat", w.field("mheap_", "spanalloc.stat"), 8)
	p.add("cachealloc", w.field("mheap_", "cachealloc.inuse"), 8)
	p.add("cachestat", w.field("mheap_", "cachealloc.stat"), 8)
	for _, path := range []string{"scavengeGoal", "scavengeRetainedGoal"} {
		if w.has("mheap_." + path) {
			p.add("scavengeGoal", w.field("mheap_", path), 8)
		}
	}
	if addr, ok := w.addr["gcpercent"]; ok {
		p.add("gcpercent", addr, 8) // 4, but word takes 8
	}
	return p
}

func (p *lightPlan) add(key string, addr uint64, size int) {
	p.at[key] = p.size
	p.spans = append(p.spans, span{addr, size})
	p.size += size
}

// has reports whether the piece is read.
func (p *lightPlan) has(piece string) bool {
	_, ok := p.at[piece]
	return ok
}

// light is one reading of the pieces of a lightPlan.
type light struct {
	w    *where
	plan *lightPlan
	buf  []byte
}

// readLight reads every piece with one process_vm_readv.
func (t *Target) readLight() (light, error) {
	l := light{w: t.where, plan: &t.light, buf: t.buf}
	if err := t.memory.read(t.buf, t.light.spans); err != nil {
		return l, err
	}
	return l, t.checkIdentity(l.word("spanstat"), l.word("cachestat"))
}

// checkIdentity looks at two pointers that the runtime sets once, in mheap.init,
// to memstats.mspan_sys and mcache_sys: other memory lies there when the layout
// is wrong or the process has executed another program. It is nil until the
// runtime has started.
func (t *Target) checkIdentity(spans, caches uint64) error {
	wantSpans, wantCaches := t.where.field("memstats", "mspan_sys"), t.where.field("memstats", "mcache_sys")
	if spans == wantSpans && caches == wantCaches {
		t.started = true
		return nil
	}
	if (spans == 0 || spans == wantSpans) && caches == 0 && !t.started {
		return nil
	}
	return fmt.Errorf("process %d (%s, %s): %w, or it has executed another program: runtime.mheap_.spanalloc.stat is %#x, want %#x, "+
		"cachealloc.stat is %#x, want %#x",
		t.PID, t.Binary.Exe, t.Binary.GoVersion, ErrMismatch, spans, wantSpans, caches, wantCaches)
}

// bytes is the reading from a field of a variable on.
func (l light) bytes(variable, path string) []byte {
	return l.buf[l.plan.at[variable]+l.w.off(variable+"."+path):]
}

func (l light) u64(variable, path string) uint64 {
	return binary.LittleEndian.Uint64(l.bytes(variable, path))
}

func (l light) u32(variable, path string) uint32 {
	return binary.LittleEndian.Uint32(l.bytes(variable, path))
}

// word is a piece that was read on its own.
func (l light) word(piece string) uint64 {
	return binary.LittleEndian.Uint64(l.buf[l.plan.at[piece]:])
}

// generations is the length of memstats.heapStats.stats.
const generations = 3

// heapStats is the sum of the three generations of runtime.heapStatsDelta.
type heapStats struct {
	inHeap, released, committed, inStacks, inWorkBufs, inPtrScalarBits uint64
}

// heapStats sums the generations of memstats.heapStats.stats as
// consistentHeapStats.unsafeRead does (runtime/mstats.go).
func (l light) heapStats() heapStats {
	return heapStats{
		inHeap:          l.delta("inHeap"),
		released:        l.delta("released"),
		committed:       l.delta("committed"),
		inStacks:        l.delta("inStacks"),
		inWorkBufs:      l.delta("inWorkBufs"),
		inPtrScalarBits: l.delta("inPtrScalarBits"),
	}
}

func (l light) delta(path string) (sum uint64) {
	if !l.w.has("heapStatsDelta." + path) {
		return 0
	}
	stats := l.bytes("memstats", "heapStats.stats")
	for i := range generations {
		at := i*l.w.off("heapStatsDelta") + l.w.off("heapStatsDelta."+path)
		sum += binary.LittleEndian.Uint64(stats[at:])
	}
	return sum
}
