package goruntime

import (
	"fmt"
	"slices"
	"strings"
)

// clue tells a variable by the code that refers to it, and by what it holds.
type clue struct {
	key string
	// funcs all refer to it; one that does not exist is passed over. Names apart
	// by | are one function that is called differently in different versions.
	funcs []string
	// fits reports whether the variable can be at the address, to which the
	// functions refer as in refs.
	fits func(s *search, at uint64, refs refSet) (bool, error)
	// lazy: it is nil until the runtime needs it, and then nothing tells it, and
	// nothing is lost.
	lazy bool
}

// clues are those of all variables but mheap_ and memstats. The functions exist, and refer to the variables, from Go 1.12 to 1.27, where the
// variable exists.
func clues() []clue {
	return []clue{
		{key: "allp", funcs: []string{"runtime.procresize"}, fits: fitsAllp},
		{key: "gcController", funcs: []string{"runtime.gcinit|runtime.(*gcControllerState).init"}, fits: fitsPacer},
		{key: "gcpercent", funcs: []string{"runtime/debug.setGCPercent|runtime.setGCPercent.func1"}, fits: fitsPercent},
		{key: "scavenge", funcs: []string{"runtime.gcPaceScavenger"}, fits: fitsScavenge},
		{key: "allgs", funcs: []string{"runtime.allgadd"}, fits: fitsAllgs},
		{key: "allglen", funcs: []string{"runtime.allgadd"}, fits: fitsAllglen},
		{key: "allgptr", funcs: []string{"runtime.allgadd"}, fits: fitsAllgptr},
		{key: "allm", funcs: []string{"runtime.mcommoninit"}, fits: fitsAllm},
		{key: "persistentChunks", funcs: []string{"runtime.persistentalloc1"}, fits: fitsChunks},
		{key: "gcBitsArenas", funcs: []string{"runtime.nextMarkBitArenaEpoch"}, fits: fitsBitsArenas},
		{key: "buckhash", funcs: []string{"runtime.stkbucket"}, fits: fitsBuckets, lazy: true},
		{key: "work", funcs: []string{"runtime.freeDeadSpanSPMCs"}, fits: fitsWork},
		{key: "stackpool", funcs: []string{"runtime.stackpoolalloc", "runtime.stackpoolfree"}, fits: fitsStackpool},
		{key: "stackLarge", funcs: []string{"runtime.stackalloc", "runtime.stackfree"}, fits: fitsStackLarge},
		{key: isCgo, funcs: []string{"runtime.main", "runtime.mcommoninit", "runtime.newm1"}, fits: fitsFlag},
	}
}

// clueFuncs are the functions of all clues.
func clueFuncs() map[string]bool {
	names := map[string]bool{}
	for _, c := range clues() {
		for _, f := range c.funcs {
			for name := range strings.SplitSeq(f, "|") {
				names[name] = true
			}
		}
	}
	return names
}

// refSet holds the references of one or more functions, by address.
type refSet map[uint64]ref

func (r refSet) has(addr uint64) bool {
	_, ok := r[addr]
	return ok
}

// followClues looks for the variables that are still missing. What is not found
// is said in one note.
func (s *search) followClues() {
	var missing []string
	for _, c := range clues() {
		_, found := s.where.addr[c.key]
		if found || c.key != isCgo && !s.where.has(c.key) {
			continue
		}
		if err := s.follow(c); err != nil && !c.lazy {
			missing = append(missing, strings.TrimPrefix(c.key, "runtime."))
		}
	}
	if len(missing) > 0 {
		s.notes = append(s.notes, fmt.Sprintf("the binary is stripped, and some of the runtime's variables could not be found: %s",
			strings.Join(missing, ", ")))
	}
}

// clueOf is the clue of a variable that has one.
func clueOf(key string) clue {
	all := clues()
	return all[slices.IndexFunc(all, func(c clue) bool { return c.key == key })]
}

// follow looks for the variable of a clue.
func (s *search) follow(c clue) error {
	found, err := s.candidates(c)
	if err != nil {
		return err
	}
	return s.place(c.key, found)
}

// candidates are the addresses that the code refers to, and that fit.
func (s *search) candidates(c clue) (found []uint64, err error) {
	refs, err := s.refsOf(c)
	if err != nil {
		return nil, err
	}
	offsets := s.offsets(c.key)
	for at := range refs {
		for _, off := range offsets {
			base := at - off
			if slices.Contains(found, base) || !s.free(c.key, base) {
				continue
			}
			ok, err := c.fits(s, base, refs)
			if ok && err == nil {
				found = append(found, base)
			}
		}
	}
	return found, nil
}

// offsets are those of the variable's known fields, and of itself.
func (s *search) offsets(key string) []uint64 {
	offsets := []uint64{0}
	for field, off := range s.where.layout {
		if off != 0 && strings.HasPrefix(field, key+".") {
			offsets = append(offsets, off)
		}
	}
	return offsets
}

// free reports whether the variable can be at the address: aligned, whole among
// the variables, and not in one that is known. All that are larger than a flag
// or an int32 hold words.
func (s *search) free(key string, at uint64) bool {
	size := max(s.where.layout[key], 1)
	if size >= 8 && at%8 != 0 || !s.isData(at, size) {
		return false
	}
	for other, start := range s.where.addr {
		if at < start+max(s.where.layout[other], 1) && start < at+size {
			return false
		}
	}
	return true
}

// refsOf are the references that all functions of the clue have.
func (s *search) refsOf(c clue) (refSet, error) {
	if s.code.err != nil {
		return nil, s.code.err
	}
	var common refSet
	for _, f := range c.funcs {
		refs := refSet{}
		for name := range strings.SplitSeq(f, "|") {
			found, err := s.code.refs(name)
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				if old, ok := refs[r.addr]; !ok || old.size == 0 {
					refs[r.addr] = r
				}
			}
		}
		if len(refs) == 0 {
			continue
		}
		for at := range common {
			if !refs.has(at) {
				delete(common, at)
			}
		}
		if common == nil {
			common = refs
		}
	}
	return common, nil
}
