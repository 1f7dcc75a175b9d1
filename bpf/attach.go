package bpf

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// lacksAllocator is what a trace lacks without the allocator's tracepoint.
const lacksAllocator = "what the kernel's page allocator got back: the kernel has no mm_page_free tracepoint"

// lacksKind is the same without what tells anonymous pages from others.
const lacksKind = "what the kernel's page allocator got back: the kernel's struct page does not tell anonymous memory (no field mapping)"

// rawTracepoints names the tracepoint of each raw program, and what a trace
// lacks where the kernel has it not; "" if it cannot do without.
func rawTracepoints() map[string]struct{ tracepoint, lacks string } {
	return map[string]struct{ tracepoint, lacks string }{
		kernelProgRawEnter:      {"sys_enter", ""},
		kernelProgRawLeave:      {"sys_exit", ""},
		kernelProgRawEnterAgain: {"sys_enter", ""},
		kernelProgRawLeaveAgain: {"sys_exit", ""},
		kernelProgOnFork:        {"sched_process_fork", ""},
		kernelProgOnExec:        {"sched_process_exec", ""},
		kernelProgOnExit:        {"sched_process_exit", ""},
		kernelProgRssStat:       {"rss_stat", "the pages that each call itself moved: the kernel has no rss_stat tracepoint"},
		kernelProgRssStatAgain:  {"rss_stat", "a second look at the pages that each call itself moved"},
		kernelProgPageFreed:     {"mm_page_free", lacksAllocator},
		kernelProgCollapsing:    {"mm_collapse_huge_page_isolate", "how much RES grew with each huge page that khugepaged made: the kernel has no such tracepoint"},
		kernelProgOnCollapse:    {"mm_collapse_huge_page", "huge pages made by khugepaged: the kernel has no such tracepoint (CONFIG_TRANSPARENT_HUGEPAGE)"},
	}
}

// attachAll attaches the programs that see calls last: what they need is then
// in place.
func (t *Tracer) attachAll() error {
	raw := rawTracepoints()
	for name, p := range t.coll.Programs {
		if at, ok := raw[name]; ok {
			if err := t.attachRaw(p, at.tracepoint, at.lacks); err != nil {
				return err
			}
		}
	}
	for name, p := range t.coll.Programs {
		if p.Type() != ebpf.Tracing {
			continue
		}
		l, err := link.AttachTracing(link.TracingOptions{Program: p})
		if err != nil {
			return explainLoad(fmt.Errorf("attach %s: %w", name, err))
		}
		t.links = append(t.links, l)
	}
	return nil
}

func (t *Tracer) attachRaw(p *ebpf.Program, tracepoint, lacks string) error {
	l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: tracepoint, Program: p})
	switch {
	case err == nil:
		t.links = append(t.links, l)
		return nil
	case lacks != "" && errors.Is(err, os.ErrNotExist):
		t.missing = append(t.missing, lacks)
		return nil
	}
	return explainLoad(fmt.Errorf("attach to tracepoint %s: %w", tracepoint, err))
}
