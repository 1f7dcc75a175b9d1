package goruntime

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
)

// cpuFields are the fields of runtime.work.cpuStats that are read, by their names
// in a lightPlan.
func cpuFields() map[string]string {
	return map[string]string{
		"gcAssist":       "GCAssistTime",
		"gcDedicated":    "GCDedicatedTime",
		"gcPause":        "GCPauseTime",
		"scavengeAssist": "ScavengeAssistTime",
		"scavengeBg":     "ScavengeBgTime",
	}
}

// addCPU reads how long the GC and the scavenger have worked: fields of
// runtime.work, called gcWork here. It comes before the variables with the
// counters: endsGC says why. Where the layout is that of a release nearby,
// nothing proves these fields.
func (p *lightPlan) addCPU(w *where) {
	at, ok := w.gcWork()
	if !ok || w.source == fromNearby {
		return
	}
	if w.has("gcWork.totaltime") { // until 1.19
		p.add("gcTotal", at+w.layout["gcWork.totaltime"], 8)
		return
	}
	offsets, ok := w.cpuOffsets()
	if !ok {
		return
	}
	// They are neighbours: one piece costs less than five.
	values := slices.Sorted(maps.Values(offsets))
	first, last := values[0], values[len(values)-1]
	p.add("numgc", w.field("memstats", "numgc"), 8) // 4, but word takes 8
	p.add("cpuStats", at+first, int(last-first)+8)
	for piece, off := range offsets {
		p.at[piece] = p.at["cpuStats"] + int(off-first)
	}
}

// cpuOffsets are where the fields lie in runtime.work; false where one of them is
// not known. Go 1.20 to 1.22 write their names small.
func (w *where) cpuOffsets() (map[string]uint64, bool) {
	offsets := map[string]uint64{}
	for piece, name := range cpuFields() {
		off, ok := w.layout["gcWork.cpuStats."+name]
		if !ok {
			off, ok = w.layout["gcWork.cpuStats."+strings.Replace(strings.Replace(name, "GC", "gc", 1), "Scav", "scav", 1)]
		}
		if !ok {
			return nil, false
		}
		offsets[piece] = off
	}
	return offsets, true
}

// gcWork is where runtime.work is: by a symbol, or as a clue has found it in a
// stripped program (Go 1.26+).
func (w *where) gcWork() (uint64, bool) {
	if at, ok := w.addr["gcWork"]; ok {
		return at, true
	}
	at, ok := w.addr["work"]
	return at, ok
}

// cpuTimes are what the GC, without its idle workers, and the scavenger have used
// since the start, in ns of CPU; nil where that is not known.
//
// Sources: runtime.work.totaltime up to Go 1.19, which knows no scavenger; then
// work.cpuStats, of which metrics.Read makes /cpu/classes. Both are brought up to
// date when a GC ends. What the scavenger has used since the last one is in
// runtime.scavenge.
func (l light) cpuTimes() (gc, scavenge *int64) {
	switch {
	case l.plan.has("gcTotal"):
		return nanoseconds(l.word("gcTotal")), nil
	case !l.plan.has("gcAssist") || l.endsGC():
		return nil, nil
	}
	gc = nanoseconds(l.word("gcAssist"), l.word("gcDedicated"), l.word("gcPause"))
	if l.plan.has("scavenge") && l.w.has("scavenge.assistTime") && l.w.has("scavenge.backgroundTime") {
		scavenge = nanoseconds(l.word("scavengeAssist"), l.word("scavengeBg"),
			l.u64("scavenge", "assistTime"), l.u64("scavenge", "backgroundTime"))
	}
	return gc, scavenge
}

// nanoseconds is the sum; nil where a part is longer than any machine runs.
func nanoseconds(parts ...uint64) *int64 {
	sum := int64(0)
	for _, ns := range parts {
		if instant(ns) == 0 && ns != 0 {
			return nil
		}
		sum += int64(ns)
	}
	return &sum
}

// endsGC: the times were read while a GC ended. gcMarkTermination (runtime/mgc.go)
// sets last_gc_unix and the next pause_end, then adds the scavenger's time since
// the last GC to cpuStats, sets that to 0, and then counts the GC: in between the
// same time is there twice. numgc is read before the times and after them, with
// last_gc_unix and pause_end.
func (l light) endsGC() bool {
	if !l.plan.has("numgc") {
		return false
	}
	n := l.u32("memstats", "numgc")
	if uint32(l.word("numgc")) != n {
		return true
	}
	ends := l.bytes("memstats", "pause_end")
	return n > 0 && binary.LittleEndian.Uint64(ends[8*((n-1)%ringSize):]) != l.u64("memstats", "last_gc_unix")
}
