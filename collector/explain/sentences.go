package explain

import (
	"cmp"
	"fmt"
	"slices"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// maxSentences is how many lines a person reads before the table.
const maxSentences = 4

// Sentences say in one to four plain lines why RES is what it is: its causes,
// the largest first; then the parts that make up a tenth of it or more and that
// no cause tells of; and what became of the releases. They hold what the verdict's numbers prove and nothing else.
func Sentences(v *Verdict) []string {
	var out []string
	switch {
	case len(v.Ledger) == 0 && v.Trace != nil:
		out = append(out, fmt.Sprintf("the process had ended before it could be looked at; RES was %s when it was last seen.", ledger.Size(v.RESEnd)))
	case unsound(v):
		out = append(out, fmt.Sprintf("RES was %s and on the move while it was read: its parts are not known well enough to name one.", ledger.Size(v.RES)))
	default:
		if v.Ended {
			out = append(out, endedSentence(v))
		}
		out = append(out, causeSentences(v)...)
		out = append(out, partSentences(v)...)
	}
	if len(out) == 0 {
		out = append(out, fmt.Sprintf("RES is %s; what it is made of is not known.", ledger.Size(v.RES)))
	}
	most := maxSentences
	if v.Ended {
		most++ // the line that says so
	}
	if line := releasesSentence(v); line != "" {
		out = append(out[:min(len(out), most-1)], line)
	}
	return out[:min(len(out), most)]
}

// partSentences tell of the largest parts, as far as no cause has told of them. Only
// of free memory the rest is told by itself: its reasons are told apart.
func partSentences(v *Verdict) (out []string) {
	for _, part := range largest(v) {
		told := v.told(part.ID)
		switch {
		case 2*told > part.Bytes:
			continue
		case part.ID != ledger.HeapIdle:
			told = 0
		case told > 0 && 10*(part.Bytes-told) < v.RES:
			continue
		}
		text := sentence(v, part, part.Bytes-told)
		if v.Ended {
			text = past(text)
		}
		out = append(out, text)
	}
	return out
}

// unsound reports that a fifth of RES or more is unexplained.
func unsound(v *Verdict) bool {
	for _, part := range v.Ledger {
		if part.ID == ledger.Unexplained {
			return 5*max(part.Bytes, -part.Bytes) > v.RES
		}
	}
	return false
}

// largest are the leaves of a tenth of RES or more, the largest first; the
// largest alone where none is. Leaves that are told in one sentence are one.
func largest(v *Verdict) []ledger.Part {
	parents := map[string]bool{}
	for _, part := range v.Ledger {
		parents[part.Parent] = !toldWhole(part.Parent)
	}
	var leaves []ledger.Part
	for _, part := range v.Ledger {
		if !parents[part.ID] && !toldWhole(part.Parent) && part.Bytes > 0 {
			leaves = append(leaves, part)
		}
	}
	slices.SortStableFunc(leaves, func(a, b ledger.Part) int { return cmp.Compare(b.Bytes, a.Bytes) })
	n := 0
	for n < len(leaves) && leaves[n].Bytes >= v.RES/10 {
		n++
	}
	return leaves[:min(max(n, 1), len(leaves))]
}

// toldWhole: one sentence tells the part and its children.
func toldWhole(id string) bool { return id == ledger.HeapIdle || id == ledger.HeapReleased }

// sentence tells one part, or what the causes have left of it.
func sentence(v *Verdict, part ledger.Part, rest int64) string {
	size := fmt.Sprintf("%s (%d %% of RES)", ledger.Size(rest), percent(rest, v.RES))
	if rest < part.Bytes {
		size += " more"
	}
	switch part.ID {
	case ledger.HeapIdle:
		return idleSentence(v, size)
	case ledger.HeapLive:
		return liveSentence(v, size)
	case ledger.HeapGarbage:
		return garbageSentence(v, size)
	case ledger.HeapReleased:
		return returnedSentence(v, size)
	case ledger.HeapHoles:
		return size + " are holes in spans that still hold an object: a span goes back only once it is empty."
	case ledger.StacksInUse:
		return stacksSentence(v, size)
	case ledger.FileExe:
		return exeSentence(v, part, size)
	case ledger.FileMapped:
		return mappedSentence(v, part, size)
	}
	return size + " are " + part.What + "."
}

// exeSentence: code and constants are what they are, variables grow as they
// are written.
func exeSentence(v *Verdict, part ledger.Part, size string) string {
	text := size + " are the program's own file and variables: "
	if 4*v.ExeAnonymous < uint64(max(part.Bytes, 0)) {
		return text + "the same at rest and under load."
	}
	return text + sizeOf(v.ExeAnonymous) + " of them are variables and private copies, which grow as the program writes them."
}

// mappedSentence: private copies have no file to come back from.
func mappedSentence(v *Verdict, part ledger.Part, size string) string {
	text := size + " are mapped files and libraries: "
	anonymous := min(v.MappedAnonymous, uint64(max(part.Bytes, 0)))
	const clean = "the kernel takes clean pages of these back by itself when memory gets short"
	switch {
	case anonymous == 0:
		return text + clean + "."
	case 100*anonymous > 99*uint64(part.Bytes):
		return text + sizeOf(anonymous) + " of them are variables and private copies, which do not go without swap."
	}
	return text + clean + ", but for " + sizeOf(anonymous) + " of variables and private copies, which do not go without swap."
}

func liveSentence(v *Verdict, size string) string {
	if v.MemStats.HeapMarked == 0 || v.MemStats.NumGC == 0 {
		return size + " are objects in Go's heap, live or not."
	}
	text := fmt.Sprintf("%s are objects that GC %d", size, v.MemStats.NumGC)
	if age := v.gcAge(); age != "" {
		text += ", " + age + ","
	}
	text += " found live"
	if v.Ended {
		return text + "."
	}
	text += ": a heap profile tells what holds them; what has died since shows with the next GC"
	if comes := nextGC(&v.MemStats); comes != "" {
		text += ": " + comes
	}
	return text + "."
}

// nextGC says how the next GC comes, "" where that is not known.
func nextGC(m *mem.MemStats) string {
	switch {
	case m.GCPercent < 0 && m.Limited():
		return "GOGC is off, so that it comes only when asked for or at the memory limit"
	case m.GCPercent < 0:
		return "GOGC is off, so that it comes only when asked for"
	case m.NextGC == 0:
		return ""
	}
	text := "it comes when the heap reaches " + sizeOf(m.NextGC)
	if m.NumGC > 0 { // none is forced before the first one (runtime.gcTrigger.test)
		text += ", or some two minutes after the last"
	}
	return text
}

// stacksSentence: a stack of the least size is not halved any more.
func stacksSentence(v *Verdict, size string) string {
	text := size + " are goroutine stacks"
	if v.Pages == nil || v.Pages.Goroutines == nil || v.Pages.Goroutines.Count == 0 {
		return text + "."
	}
	g := v.Pages.Goroutines
	each := g.Live.Bytes / uint64(g.Count)
	text += fmt.Sprintf(": %d goroutines with %s each on average", g.Count, sizeOf(each))
	const grown = 8 << 10
	if each >= grown {
		text += "; a GC halves each of which less than a quarter is used"
	}
	return text + "."
}

func garbageSentence(v *Verdict, size string) string {
	text := size + " are objects that no GC has found live"
	if v.Ended {
		text += ", garbage or not"
	} else {
		text += ": the next GC tells which of them are garbage"
		if comes := nextGC(&v.MemStats); comes != "" {
			text += "; " + comes
		}
	}
	if last := lastGC(v); last != "" {
		text += "; " + last
	}
	return text + "."
}

// returnedSentence tells lazily freed memory from what came back.
func returnedSentence(v *Verdict, size string) string {
	text := size + " were released by Go's heap and are resident all the same"
	if v.Smaps != nil && v.Smaps.LazyFree > 0 {
		text += fmt.Sprintf(": %s of the process are lazily freed (MADV_FREE), which the kernel takes only when memory gets short", sizeOf(v.Smaps.LazyFree))
	}
	return text + "."
}

// releasesSentence sets what was asked against what left RES.
func releasesSentence(v *Verdict) string {
	if v.Trace == nil || v.Releases.Calls == 0 {
		return ""
	}
	r := &v.Releases
	left := r.Attributed
	if left == 0 { // a trace that cannot attribute
		left = r.LeftRES
	}
	text := fmt.Sprintf("%d calls asked the kernel to take %s back; %s left RES", r.Calls, sizeOf(r.Asked), ledger.Size(left))
	if r.Refused > 0 {
		text += fmt.Sprintf("; %s were refused", sizeOf(r.Refused))
	}
	if r.Refaulted > 0 {
		text += fmt.Sprintf("; %s were taken again", sizeOf(r.Refaulted))
	}
	return text + "."
}

// lastGC says which GC was the last, and when, "" where unknown.
func lastGC(v *Verdict) string {
	age := v.gcAge()
	if v.MemStats.NumGC == 0 || age == "" {
		return ""
	}
	return fmt.Sprintf("GC %d was %s", v.MemStats.NumGC, age)
}

// percent is rounded to the nearest.
func percent(part, of int64) int64 {
	if of <= 0 {
		return 0
	}
	return int64(100*float64(part)/float64(of) + 0.5)
}

func sizeOf(n uint64) string { return ledger.Size(int64(min(n, 1<<62))) }
