package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"whyres/collector/goruntime"
	"whyres/collector/kernel"
)

// Examine reads what the checks of a process need. The error is that of a
// process that is not there.
func (h *Host) Examine(pid int) (_ *Process, err error) {
	fs, err := kernel.NewFS(h.Proc, h.Sys)
	if err != nil {
		return nil, err
	}
	k, err := fs.Open(pid, kernel.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	p := &Process{Elevate: h.elevate()}
	if p.Who, err = k.Identity(); err != nil {
		return nil, err
	}
	p.Mappings, p.MappingsErr = k.Smaps()
	p.Tables, p.TablesErr = goruntime.TablesOf(h.Proc, pid)
	p.readRuntime(h.Proc)
	if p.Group, p.MemoryErr = k.Cgroup(); p.MemoryErr == nil {
		p.Memory, p.MemoryErr = fs.MemoryCgroup(p.Group)
	}
	p.Status = textOf(h.Proc, pid, "status")
	p.Limits = textOf(h.Proc, pid, "limits")
	_, err = k.Light() // all of it was this process's
	return p, err
}

func (p *Process) readRuntime(proc string) {
	rt, err := goruntime.Open(proc, p.Who.PID)
	p.Binary, p.RuntimeErr = rt.Binary, err
	if err != nil {
		return
	}
	heap, err := rt.Walk(goruntime.WalkOptions{})
	if p.StatsErr = err; err == nil {
		p.Stats = heap.Stats
	}
}

func textOf(proc string, pid int, file string) string {
	text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), file))
	if err != nil {
		return ""
	}
	return string(text[:min(len(text), maxFile)])
}
