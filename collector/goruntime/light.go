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

// planLight takes gcController, memstats and scavenge whole (10 KiB in all) and
// two words of mheap_.
func planLight(w *where) lightPlan {
	p := lightPlan{at: map[string]int{}}
	add := func(key string, addr uint64, size int) {
		p.at[key] = p.size
		p.spans = append(p.spans, span{addr, size})
		p.size += size
	}
	add("gcController", w.addr["gcController"], w.off("gcController"))
	add("memstats", w.addr["memstats"], w.off("memstats"))
	add("spanalloc", w.field("mheap_", "spanalloc.inuse"), 8)
	add("spanstat", w.field("mheap_", "spanalloc.stat"), 8)
	add("cachealloc", w.field("mheap_", "cachealloc.inuse"), 8)
	add("scavenge", w.addr["scavenge"], w.off("scavenge"))
	return p
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
	return l, t.checkIdentity(l.word("spanstat"))
}

// checkIdentity looks at a pointer that the runtime sets once, in mheap.init,
// to memstats.mspan_sys: other memory lies there when the layout is wrong or
// the process has executed another program. It is nil until the runtime has
// started.
func (t *Target) checkIdentity(stat uint64) error {
	want := t.where.field("memstats", "mspan_sys")
	if stat == want {
		t.started = true
		return nil
	}
	if stat == 0 && !t.started {
		return nil
	}
	return fmt.Errorf("process %d (%s, %s): %w, or it has executed another program: runtime.mheap_.spanalloc.stat is %#x, want %#x",
		t.PID, t.Binary.Exe, t.Binary.GoVersion, ErrMismatch, stat, want)
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
	const generations = 3
	stats := l.bytes("memstats", "heapStats.stats")
	for i := range generations {
		at := i*l.w.off("heapStatsDelta") + l.w.off("heapStatsDelta."+path)
		sum += binary.LittleEndian.Uint64(stats[at:])
	}
	return sum
}
