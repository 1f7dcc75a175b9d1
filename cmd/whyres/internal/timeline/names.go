package timeline

import (
	"slices"
	"strings"

	"whyres/collector/ledger"
)

// nameOf is a part in a few words, below those of its parent. What has no name
// here goes by its description up to the first colon.
func nameOf(p ledger.Part) string {
	if name := knownName(p.ID); name != "" {
		return name
	}
	what := p.What
	if what == "" {
		what = p.ID
	}
	return clean(firstClause(what), 100)
}

// longestJoined is from where two names are too much for one line.
const longestJoined = 36

// joined is the name of a part that is shown in place of its parent, which it is
// all of. What a long name loses, the sentence beside it says.
func joined(parent, name string) string {
	both := parent + ", " + name
	switch {
	case saidBy(name, parent):
		return name
	case width(both) > longestJoined:
		return parent
	}
	return both
}

func knownName(id string) string {
	switch id {
	case "heap":
		return "Go heap"
	case "stacks":
		return "goroutine stacks"
	case "runtime", ledger.Metadata:
		return "Go runtime's own"
	case "cgo":
		return "C code"
	case "offheap", ledger.OffHeap:
		return "mapped outside the Go heap"
	case "threads":
		return "thread stacks"
	case ledger.File:
		return "files"
	case ledger.FileExe:
		return "program file"
	case ledger.FileMapped:
		return "libraries and mapped files"
	case ledger.Shmem:
		return "shared memory"
	case ledger.CgoHeap:
		return "C heap (malloc)"
	case ledger.Anon:
		return "anonymous memory"
	case ledger.Unexplained:
		return "unexplained"
	}
	if strings.HasPrefix(id, "stacks.") {
		return stackName(id)
	}
	return heapName(id)
}

func stackName(id string) string {
	switch id {
	case ledger.StacksInUse:
		return "in use"
	case "stacks.dead":
		return "of ended goroutines"
	case ledger.StacksIdle:
		return "free, kept for reuse"
	}
	return ""
}

func heapName(id string) string {
	switch id {
	case ledger.HeapLive:
		return "live objects"
	case ledger.HeapGarbage:
		return "new or dead objects"
	case ledger.HeapUnsure:
		return "objects, live or not"
	case ledger.HeapHoles:
		return "holes in spans that hold objects"
	case ledger.HeapObjects, "heap.undivided":
		return "in use, not divided"
	case ledger.HeapIdle:
		return "free, not released"
	case "heap.idle.dense":
		return "held in dense chunks"
	case "heap.idle.goal":
		return "below the scavenger's goal"
	case "heap.idle.unsure":
		return "due or not, unknown"
	case "heap.idle.due":
		return "due to be released"
	case ledger.HeapReleased:
		return "released, yet resident"
	case "heap.released_resident.lazyfree":
		return "lazily freed (MADV_FREE)"
	case "heap.released_resident.locked":
		return "locked in memory"
	case "heap.released_resident.huge":
		return "back in huge pages"
	case "heap.released_resident.again":
		return "back, or never left"
	case ledger.HeapReserved:
		return "reserved, never used"
	}
	return ""
}

// noteOf is the sentence beside a part: its description, less what its name and
// those above have said. In full it is all of it, else its first sentence.
func noteOf(p ledger.Part, names string, full bool) string {
	note := p.What
	first := firstClause(note)
	phrase, _, _ := strings.Cut(first, ", ")
	for _, said := range [...]string{first, phrase} {
		if saidBy(names, clean(said, 100)) {
			note = strings.TrimLeft(note[len(said):], ":;, ")
			break
		}
	}
	if !full {
		note, _, _ = strings.Cut(note, "; ")
	}
	return glueUnits(clean(note, 1000))
}

// firstClause is a description up to where it begins to explain.
func firstClause(what string) string {
	text, _, _ := strings.Cut(what, ": ")
	text, _, _ = strings.Cut(text, "; ")
	return text
}

// saidBy reports whether each word of the text that carries a meaning is in the
// name.
func saidBy(name, text string) bool {
	words := meanings(name)
	for _, word := range meanings(text) {
		if !slices.Contains(words, word) {
			return false
		}
	}
	return true
}

// meanings are the words of a text, without their endings, and without those
// that say nothing beside a part of RES.
func meanings(text string) []string {
	var out []string
	for _, word := range strings.Fields(strings.ToLower(text)) {
		word = strings.TrimSuffix(strings.TrimSuffix(strings.Trim(word, ",.;:()"), "'s"), "s")
		switch word {
		case "", "the", "a", "of", "in", "to", "that", "are", "i", "and", "go", "heap", "system", "yet", "own", "other", "code", "by", "all", "same", "kept":
			continue
		}
		out = append(out, word)
	}
	return out
}
