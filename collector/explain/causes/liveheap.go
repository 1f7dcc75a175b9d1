package causes

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// liveHeap: objects that the program still uses.
func liveHeap() Cause {
	return Cause{
		ID: "live-heap",
		Page: Page{
			What: "live objects: a GC found that the program can still reach them",
			Mechanism: "A GC frees only what no variable leads to any more. A cache without bounds, a map that entries are never deleted from, " +
				"a slice of a large array: all these stay live. No setting of the GC or the scavenger gives live memory back.",
			Proof: "What the last GC marked is read from the runtime. Whether the program needs it only its owner knows: so one look calls it possible, " +
				"and a trace in which each of the last three GCs or more found more than the one before calls it likely, where these took a minute at least, " +
				"or ten seconds in a process that was older than that, and rose by a tenth above all before them. whyres never calls it proved.",
			Remedy: []string{
				"go tool pprof -sample_index=inuse_space http://ADDRESS/debug/pprof/heap (with net/http/pprof in the program): it shows who allocated what is live",
				"two such profiles some time apart: go tool pprof -base first.pb.gz second.pb.gz shows what grew",
				"bounds for caches; keys deleted from maps; a copy instead of a slice of a large array",
			},
			Versions: "All.",
			Sources:  []string{"runtime/mgcpacer.go: heapMarked", "runtime/pprof: the heap profile", "go.dev/blog/pprof"},
		},
		Find: findLiveHeap,
	}
}

func findLiveHeap(f *Facts) *Finding {
	m := f.Stats()
	takes := f.All(ledger.HeapLive, ledger.HeapUnsure)
	if len(takes) == 0 || m.NumGC == 0 || m.HeapMarked == 0 {
		return nil
	}
	found := &Finding{
		Confidence: Possible, Takes: takes,
		Says:     "are live objects: no GC frees them while the program can reach them",
		Evidence: []string{fmt.Sprintf("GC %d, the last, found %s live", m.NumGC, size(int64(min(m.HeapMarked, 1<<62))))},
		Remedy: []string{
			"see what they are: go tool pprof -sample_index=inuse_space http://ADDRESS/debug/pprof/heap, with net/http/pprof in the program",
			"if the program needs them: nothing to mend",
		},
	}
	if largest := largestClasses(f.Pages().Sizes); largest != "" {
		found.Evidence = append(found.Evidence, largest)
	}
	grown, told := f.grewLive()
	if told != "" {
		found.Evidence = append(found.Evidence, told)
	}
	if grown {
		found.Confidence = Likely
		found.Says = "are live objects, and there are more after each GC: what a leak does"
	} else if f.Trace == nil {
		found.Ask = []string{fmt.Sprintf("whyres trace -p %d --for 10m shows whether each GC finds more live than the one before", f.Process.PID)}
	}
	return found
}

// grewLive: each of the last three GCs seen, or more, found more live than the one
// before, and the last a tenth and what is worth telling above where they began
// and above all before. A program that starts grows too: it takes a minute, or
// ten seconds of a process that is older than that.
func (f *Facts) grewLive() (grown bool, told string) {
	const steps = 3
	if f.Trace == nil || len(f.Trace.Marked) <= steps {
		return false, ""
	}
	marked := f.Trace.Marked
	first, last := marked[0], marked[len(marked)-1]
	told = fmt.Sprintf("GC %d found %s live, GC %d, %s later, %s", first.NumGC, size(int64(first.Bytes)), last.NumGC, ledger.Lasted(last.At.Sub(first.At)), size(int64(last.Bytes)))
	begin := risesFrom(marked)
	if len(marked)-1-begin < steps {
		return false, told
	}
	highest := uint64(0)
	for _, m := range marked[:begin+1] {
		highest = max(highest, m.Bytes)
	}
	by, span := int64(last.Bytes)-int64(highest), last.At.Sub(marked[begin].At)
	settled := f.Up-f.Trace.Duration >= time.Minute && span >= 10*time.Second
	return by >= max(f.Worth(), int64(highest)/10) && (settled || span >= time.Minute), told
}

// risesFrom is where the rise begins that the marks end in.
func risesFrom(marked []Marked) int {
	begin := len(marked) - 1
	for begin > 0 && marked[begin-1].Bytes < marked[begin].Bytes {
		begin--
	}
	return begin
}

// largestClasses names the two size classes that hold most; "" where they are
// not known.
func largestClasses(sizes []mem.SizeClass) string {
	if len(sizes) == 0 {
		return ""
	}
	sorted := slices.SortedFunc(slices.Values(sizes), func(a, b mem.SizeClass) int { return cmp.Compare(b.Allocated, a.Allocated) })
	text := "most of all objects, live or not: "
	for i, c := range sorted[:min(2, len(sorted))] {
		if i > 0 {
			text += ", and "
		}
		what := fmt.Sprintf("objects of up to %d bytes", c.Size)
		if c.Class == 0 {
			what = "large objects, above 32 KiB each"
		}
		text += fmt.Sprintf("%s in %d %s", size(int64(c.Allocated)), c.Objects, what)
	}
	return text
}
