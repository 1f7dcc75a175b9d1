package doctor

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// server is a process of which all is well.
func server() *Process {
	return &Process{
		Who:      kernel.Identity{PID: 42, Comm: "server", Exe: "/bin/server"},
		Mappings: &kernel.Mappings{VMAs: []mem.VMA{{Range: mem.RangeAt(1<<30, 1<<20), Rss: 1 << 20}}},
		Binary:   goruntime.Binary{GoVersion: "go1.26.8", CgoKnown: true},
		Tables:   goruntime.Tables{Symbols: true, DWARF: true},
		Stats:    &mem.MemStats{MemoryLimit: 400 << 20},
		Group:    kernel.Cgroup{Path: "/a/b", Unified: true},
		Memory:   kernel.MemoryCgroup{Limit: 512 << 20, At: "/a", Usage: 100 << 20},
		Status:   "THP_enabled:\t1\n",
		Limits:   "Limit                     Soft Limit           Hard Limit           Units\nMax locked memory         8388608              unlimited            bytes\n",
		Elevate:  "sudo",
	}
}

func TestProcessChecks(t *testing.T) {
	t.Parallel()
	failed := func(sentinel error) func(*Process) {
		return func(p *Process) { p.RuntimeErr = fmt.Errorf("process 42: %w", sentinel) }
	}
	for _, tt := range []struct {
		name   string
		change func(*Process)
		id     string
		status Status
		blocks bool
		says   string
	}{
		{"well", nil, "process", OK, false, "42, server, /bin/server, 1 mappings"},
		{"hidden", func(p *Process) { p.Mappings, p.MappingsErr = nil, kernel.ErrNoPermission }, "process", Missing, true, "sudo"},
		{"hidden, locked", func(p *Process) { p.Mappings, p.MappingsErr = nil, kernel.ErrNoPermission }, "locked_memory", Unknown, false, ""},
		{"both tables", nil, "go_runtime", OK, false, "go1.26.8, without C code, symbol table and DWARF"},
		{"cgo, -w", func(p *Process) { p.Binary.Cgo, p.Tables.DWARF = true, false }, "go_runtime", OK, false, "with C code (cgo), symbol table, no DWARF"},
		{"a note", func(p *Process) { p.Binary.Notes = []string{"offsets of another"} }, "go_runtime", OK, false, "offsets of another"},
		{"stripped", func(p *Process) { p.Tables = goruntime.Tables{}; failed(goruntime.ErrNoSymbols)(p) }, "go_runtime", Missing, false, "stripped (-s)"},
		{"no layout", failed(goruntime.ErrNoLayout), "go_runtime", Missing, false, "-ldflags=-w"},
		{"old", failed(goruntime.ErrTooOld), "go_runtime", Missing, false, "newer Go"},
		{"not Go", failed(goruntime.ErrNotGo), "go_runtime", Info, false, "not a Go program"},
		{"not permitted", failed(goruntime.ErrNoPermission), "go_runtime", Missing, true, "sudo"},
		{"something else", failed(errors.New("odd\nly")), "go_runtime", Missing, false, "odd ly"},
		{"sums", nil, "self_check", OK, false, ""},
		{"torn", func(p *Process) { p.Stats.Torn = true }, "self_check", Unknown, false, "at rest"},
		{"no walk", func(p *Process) { p.Stats, p.StatsErr = nil, goruntime.ErrHeapTooLarge }, "self_check", Missing, false, "too large"},
		{"limit above", nil, "cgroup", Info, false, "limit 512.0 MiB, 100.0 MiB in use, set by /a"},
		{"GOMEMLIMIT below", nil, "cgroup", Info, false, "GOMEMLIMIT is 400.0 MiB"},
		{"GOMEMLIMIT above", func(p *Process) { p.Stats.MemoryLimit = 1 << 30 }, "cgroup", Info, false, "GOMEMLIMIT=460MiB"},
		{"no GOMEMLIMIT", func(p *Process) { p.Stats.MemoryLimit = math.MaxInt64 }, "cgroup", Info, false, "GOMEMLIMIT is not set"},
		{"no limit", func(p *Process) { p.Memory = kernel.MemoryCgroup{Usage: 5 << 20} }, "cgroup", Info, false, "no limit, 5.0 MiB in use"},
		{"no controller", func(p *Process) { p.MemoryErr = kernel.ErrNoController }, "cgroup", Unknown, false, ""},
		{"nothing locked", nil, "locked_memory", OK, false, "none"},
		{"locked", func(p *Process) { p.Mappings.VMAs[0].Locked = 1 << 20 }, "locked_memory", Info, false, "1.0 MiB in 1 mappings: 40000000-40100000 anonymous"},
		{"lock limit", nil, "lock_limit", Info, false, "8.0 MiB, at most any amount"},
		{"no limits", func(p *Process) { p.Limits = "" }, "lock_limit", Unknown, false, ""},
		{"huge pages", nil, "process_thp", Info, false, "may get huge pages"},
		{"no huge pages", func(p *Process) { p.Status = "THP_enabled:\t0\n" }, "process_thp", Info, false, "forbids"},
		{"an old kernel", func(p *Process) { p.Status = "" }, "process_thp", Unknown, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := server()
			if tt.change != nil {
				tt.change(p)
			}
			c := find(t, p.Checks(), tt.id)
			if c.Status != tt.status || c.Blocks() != tt.blocks {
				t.Errorf("%+v, want %s, blocking: %v", c, tt.status, tt.blocks)
			}
			if !strings.Contains(c.Found+"\n"+c.Means+"\n"+c.Remedy, tt.says) {
				t.Errorf("it does not say %q: %+v", tt.says, c)
			}
		})
	}
}

// GOMEMLIMIT is proposed only to a Go that knows it, and only where it leaves
// the runtime room.
func TestGoLimitRemedy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version string
		limit   uint64
		remedy  string
	}{
		{"go1.19", 512 << 20, "start it with GOMEMLIMIT=460MiB (nine tenths of the limit)"},
		{"go1.18.10", 512 << 20, "start it with a lower GOGC, or build it with Go 1.19 or newer"},
		{"go1.12", 1 << 20, "start it with a lower GOGC, or build it with Go 1.19 or newer"},
		{"go1.26.8", 9 << 20, "start it with GOMEMLIMIT=8MiB (nine tenths of the limit)"},
		{"go1.26.8", 8 << 20, ""},
		{"go1.26.8", 1 << 20, ""},
	} {
		p := server()
		p.Binary.GoVersion, p.Stats.MemoryLimit, p.Memory.Limit = tt.version, math.MaxInt64, tt.limit
		if c := find(t, p.Checks(), "cgroup"); c.Remedy != tt.remedy {
			t.Errorf("%s, limit %d: %q", tt.version, tt.limit, c.Remedy)
		}
	}
}

// Real processes: one's own, which is Go, and sleep, which is not.
func TestExamine(t *testing.T) {
	h, err := Live()
	if err != nil {
		t.Fatal(err)
	}
	own, err := h.Examine(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if c := find(t, own.Checks(), "go_runtime"); own.Binary.GoVersion == "" || c.Status == Info {
		t.Errorf("a Go program is not told to be one: %+v", c)
	}
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
	time.Sleep(50 * time.Millisecond) // until it is sleep
	p, err := h.Examine(sleep.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if c := find(t, p.Checks(), "go_runtime"); c.Found != "not a Go program" {
		t.Errorf("%+v", c)
	}
	if _, err := h.Examine(1<<22 + 1); !errors.Is(err, kernel.ErrGone) {
		t.Errorf("no process: %v", err)
	}
}

// What is tried is tried for real: these hold on every kernel that is supported.
func TestLiveTries(t *testing.T) {
	h, err := Live()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Try.ReadMemory(); err != nil {
		t.Error(err)
	}
	if way, err := h.Try.Residency(); err != nil || way == "" {
		t.Errorf("%q, %v", way, err)
	}
	for _, c := range h.Checks() {
		if c.Found == "" {
			t.Errorf("nothing is said: %+v", c)
		}
	}
}
