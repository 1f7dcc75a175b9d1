package doctor

import (
	"fmt"

	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// Process is what the checks of one process look at. What could not be read has
// its error instead.
type Process struct {
	Who kernel.Identity
	// Mappings is nil where MappingsErr is set.
	Mappings    *kernel.Mappings
	MappingsErr error
	// Binary is known in part even where RuntimeErr is set.
	Binary     goruntime.Binary
	Tables     goruntime.Tables
	TablesErr  error
	RuntimeErr error
	// Stats are of a walk over the whole heap.
	Stats    *mem.MemStats
	StatsErr error
	// Group is where it stands, Memory what limits it there.
	Group     kernel.Cgroup
	Memory    kernel.MemoryCgroup
	MemoryErr error
	// Status and Limits are the texts of /proc/PID/status and limits.
	Status, Limits string
	// Elevate is how to get rights that are missing.
	Elevate string
}

// Checks are all of the process's.
func (p *Process) Checks() []Check {
	out := []Check{p.mappings(), p.runtime()}
	if p.RuntimeErr == nil {
		out = append(out, p.selfCheck())
	}
	return append(out, p.cgroup(), p.locked(), p.lockLimit(), p.thp())
}

// mappings: whether the process may be looked at at all.
func (p *Process) mappings() Check {
	const id = "process"
	found := fmt.Sprintf("%d, %s", p.Who.PID, p.Who.Comm)
	if p.Who.Exe != "" {
		found += ", " + p.Who.Exe
	}
	if p.MappingsErr != nil {
		return missing(id, found+": "+oneLine(p.MappingsErr), "nothing of it can be told but RES", p.Elevate).neededFor(forAll)
	}
	return ok(id, fmt.Sprintf("%s, %d mappings", found, len(p.Mappings.VMAs)+p.Mappings.Cut))
}

func (p *Process) thp() Check {
	const id = "process_thp"
	switch statusLine(p.Status, "THP_enabled") {
	case "1":
		return info(id, "the process may get huge pages, as far as the host's setting goes", "")
	case "0":
		return info(id, "the process forbids huge pages to itself (PR_SET_THP_DISABLE)", "")
	}
	return unknown(id, "whether it may get huge pages is not told by this kernel (before 5.0)", "")
}
