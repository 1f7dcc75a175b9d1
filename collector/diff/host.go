package diff

import (
	"strconv"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// host compares where the recordings were made, of what, and how it was set.
func host(r *rows, a, b *Side) {
	r.group = GroupHost
	p, q := a.Verdict.Process, b.Verdict.Process
	r.text("program.comm", "program", p.Comm, q.Comm, "")
	machines(r, a.Header.Host, b.Header.Host)
	r.text("program.go_version", "Go", p.GoVersion, q.GoVersion, "")
	for _, name := range mem.EnvNames() {
		r.text("program.env."+name, name, p.Env[name], q.Env[name], "")
	}
	r.text("program.sanitizer", "built with", p.Sanitizer, q.Sanitizer, "")
	settings(r, &a.Verdict.MemStats, &b.Verdict.MemStats)
	advice, other := a.advice(), b.advice()
	if advice != "" && other != "" {
		r.text("program.advice", "releases with", advice, other, "")
	}
	if a.Header.Attach != "" && b.Header.Attach != "" {
		r.list = append(r.list, detail(Row{
			ID: "trace.from_start", Group: GroupHost, What: "traced", Unit: Text,
			A: text(since(a)), B: text(since(b)),
		}))
	}
}

// detail is a row of texts that matters less.
func detail(row Row) Row {
	row.Detail, row.Mark = true, mark(row.A, row.B, neither, nil)
	return row
}

func since(s *Side) string {
	if s.Header.FromStart {
		return "from its start"
	}
	return "when running"
}

func machines(r *rows, a, b mem.Host) {
	r.text("host.kernel", "Linux", a.Kernel, b.Kernel, "")
	if a.Kernel == b.Kernel && a.Build != b.Build && a.Build != "" && b.Build != "" {
		r.text("host.kernel_build", "build of this Linux", a.Build, b.Build, "A: "+a.Build+"; B: "+b.Build)
	}
	r.text("host.arch", "architecture", a.Arch, b.Arch, "")
	r.text("host.thp", "transparent huge pages", a.THP, b.THP, "")
	r.add(Row{ID: "host.max_ptes_none", What: "khugepaged's max_ptes_none", Unit: Count, A: pointed(a.MaxPtesNone), B: pointed(b.MaxPtesNone)}, neither, equal)
	r.add(Row{ID: "host.page_size", What: "page size", Unit: Bytes, A: positive(a.PageSize), B: positive(b.PageSize)}, neither, equal)
	r.add(Row{ID: "host.cpus", What: "CPUs", Unit: Count, A: positive(a.CPUs), B: positive(b.CPUs), Detail: true}, neither, equal)
	r.size(Row{ID: "host.swap_total", What: "swap space", A: unsigned(a.SwapTotal), B: unsigned(b.SwapTotal)}, neither)
}

func equal(a, b int64) bool { return a == b }

func pointed(n *int) Value {
	if n == nil {
		return Value{}
	}
	return number(int64(*n))
}

// positive is a number of which 0 means that it is not known.
func positive(n int) Value {
	if n <= 0 {
		return Value{}
	}
	return number(int64(n))
}

// settings are what the runtime's own memory said, whoever had set it.
func settings(r *rows, a, b *mem.MemStats) {
	if !wasRead(a) || !wasRead(b) {
		return
	}
	r.text("program.gc_percent", "GOGC in force", percent(a), percent(b), "")
	r.text("program.memory_limit", "memory limit in force", limit(a), limit(b), "")
}

func wasRead(m *mem.MemStats) bool { return m.Source == "memory" }

func percent(m *mem.MemStats) string {
	if m.GCPercent < 0 {
		return "off"
	}
	return strconv.Itoa(int(m.GCPercent))
}

func limit(m *mem.MemStats) string {
	if !m.Limited() {
		return "none"
	}
	return ledger.Size(m.MemoryLimit)
}

// advice is what the Go runtime released with, by its calls: the one that asked
// for most, "" where there was none.
func (s *Side) advice() string {
	var most uint64
	advice := ""
	for _, c := range s.Course.Calls {
		e := mem.Event{Advice: c.Advice}
		if e.Releases() && c.Who != mem.WhoUser && c.Who != mem.WhoCgo && c.Asked > most {
			most, advice = c.Asked, c.Advice
		}
	}
	return advice
}
