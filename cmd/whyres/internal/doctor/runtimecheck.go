package doctor

import (
	"errors"
	"strings"

	"whyres/collector/goruntime"
)

// runtime: in which way the Go runtime is read, or why it is not.
func (p *Process) runtime() Check {
	const id = "go_runtime"
	found := p.describe()
	const means = "of its RES only what the kernel tells can be told"
	switch err := p.RuntimeErr; {
	case err == nil:
		c := ok(id, found)
		if len(p.Binary.Notes) > 0 {
			c.Means = strings.Join(p.Binary.Notes, "; ")
		}
		return c
	case errors.Is(err, goruntime.ErrNotGo):
		return info(id, "not a Go program", means)
	case errors.Is(err, goruntime.ErrNoPermission):
		return missing(id, found+": "+oneLine(err), means, p.Elevate).neededFor(forAll)
	case errors.Is(err, goruntime.ErrNoSymbols):
		return missing(id, found, means, "build it without -ldflags=-s")
	case errors.Is(err, goruntime.ErrNoLayout):
		return missing(id, found, means, "build it without -ldflags=-w, or with a released Go version")
	case errors.Is(err, goruntime.ErrTooOld):
		return missing(id, found, means, "build it with a newer Go")
	}
	return missing(id, found+": "+oneLine(p.RuntimeErr), means, "")
}

// describe is the version, whether C is linked in, and what the file holds.
func (p *Process) describe() string {
	version := p.Binary.GoVersion
	if version == "" {
		version = "a Go version that is not known"
	}
	parts := []string{version}
	switch {
	case p.Binary.CgoKnown && p.Binary.Cgo:
		parts = append(parts, "with C code (cgo)")
	case p.Binary.CgoKnown:
		parts = append(parts, "without C code")
	}
	return strings.Join(append(parts, p.tables()), ", ")
}

func (p *Process) tables() string {
	switch t := p.Tables; {
	case p.TablesErr != nil:
		return "its file cannot be read"
	case t.Symbols && t.DWARF:
		return "symbol table and DWARF"
	case t.Symbols:
		return "symbol table, no DWARF (-w)"
	case t.DWARF:
		return "DWARF, no symbol table"
	}
	return "stripped (-s): neither symbol table nor DWARF"
}

// selfCheck: whether what is read of the heap sums to what the runtime counts.
func (p *Process) selfCheck() Check {
	const id = "self_check"
	switch {
	case p.StatsErr != nil:
		return missing(id, "Go's heap cannot be walked: "+oneLine(p.StatsErr), "RES is told by mappings and counters only", "")
	case p.Stats.Torn:
		return unknown(id, "the heap's pages did not sum to the runtime's counters in any of some tries",
			"it changes fast: numbers of different moments are marked").do("look when it is at rest")
	}
	return ok(id, "the heap's pages sum to the runtime's own counters")
}
