package doctor

import (
	"fmt"
	"math"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// cgroup: what limits the process's memory, and whether Go knows.
func (p *Process) cgroup() Check {
	const id = "cgroup"
	where := p.Group.Path
	if name := p.Group.Name(); name != "" {
		where = name + " (" + p.Group.Path + ")"
	}
	switch {
	case p.MemoryErr != nil:
		return unknown(id, where+": "+oneLine(p.MemoryErr), "whether its memory is limited cannot be told")
	case p.Memory.Limit == 0:
		return info(id, where+": no limit, "+size(p.Memory.Usage)+" in use", "")
	}
	found := fmt.Sprintf("%s: limit %s, %s in use", where, size(p.Memory.Limit), size(p.Memory.Usage))
	if p.Memory.At != p.Group.Path {
		found += ", set by " + p.Memory.At
	}
	return p.goLimit(info(id, found, "page cache and kernel memory count in it, and are not in RES"))
}

const (
	// firstLimit is the Go 1 release that knows GOMEMLIMIT.
	firstLimit = 19
	// leastLimit is the least GOMEMLIMIT that is worth proposing: below it, the
	// runtime alone takes most.
	leastLimit = 8 << 20
)

// goLimit compares the group's limit with GOMEMLIMIT.
func (p *Process) goLimit(c Check) Check {
	if minor := mem.GoMinor(p.Binary.GoVersion); minor > 0 && minor < firstLimit {
		c.Means = fmt.Sprintf("Go before 1.%d has no GOMEMLIMIT: Go does not know of the limit", firstLimit)
		return c.do(fmt.Sprintf("start it with a lower GOGC, or build it with Go 1.%d or newer", firstLimit))
	}
	if p.Stats == nil || p.Stats.MemoryLimit <= 0 {
		return c
	}
	limit := uint64(p.Stats.MemoryLimit)
	switch {
	case limit == math.MaxInt64:
		c.Means = "GOMEMLIMIT is not set: Go does not know of the limit"
	case limit > p.Memory.Limit:
		c.Means = "GOMEMLIMIT is " + size(limit) + ", above the limit: it does not help"
	default:
		c.Means = "GOMEMLIMIT is " + size(limit)
		return c
	}
	// Nine tenths, as Go's own guide proposes, leave room for what is not Go's.
	if propose := p.Memory.Limit / 10 * 9; propose >= leastLimit {
		c.Remedy = fmt.Sprintf("start it with GOMEMLIMIT=%dMiB (nine tenths of the limit)", propose>>20)
	}
	return c
}

// maxNamed is how many mappings are named.
const maxNamed = 5

// locked: memory that is locked cannot be given back.
func (p *Process) locked() Check {
	const id = "locked_memory"
	if p.MappingsErr != nil {
		return unknown(id, "cannot be told without its mappings", "")
	}
	var sum uint64
	var names []string
	for _, v := range p.Mappings.VMAs {
		if v.Locked == 0 {
			continue
		}
		sum += v.Rss
		name := v.Path
		if name == "" {
			name = "anonymous"
		}
		names = append(names, fmt.Sprintf("%s %s", v.Range, name))
	}
	if len(names) == 0 {
		return ok(id, "none")
	}
	found := fmt.Sprintf("%s in %d mappings: %s", size(sum), len(names), strings.Join(names[:min(len(names), maxNamed)], ", "))
	if len(names) > maxNamed {
		found += ", ..."
	}
	return info(id, found, "the kernel refuses to take locked memory: what Go releases there stays in RES").
		do("let the program go without mlock and mlockall")
}

// lockLimit is RLIMIT_MEMLOCK.
func (p *Process) lockLimit() Check {
	const id = "lock_limit"
	for line := range strings.Lines(p.Limits) {
		rest, found := strings.CutPrefix(line, "Max locked memory")
		if fields := strings.Fields(rest); found && len(fields) >= 2 {
			return info(id, "it may lock "+inBytes(fields[0])+", at most "+inBytes(fields[1]), "")
		}
	}
	return unknown(id, "its limits cannot be read", "")
}

func inBytes(limit string) string {
	var n uint64
	if _, err := fmt.Sscan(limit, &n); err != nil {
		return "any amount"
	}
	return size(n)
}

func size(bytes uint64) string { return ledger.Size(int64(min(bytes, math.MaxInt64))) }
