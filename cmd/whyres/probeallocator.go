package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"whyres/bpf"
	"whyres/collector/mem"
	"whyres/collector/probe"
	"whyres/collector/probe/subject"
)

// allocatorSource is Report.Allocator where it could be read.
const allocatorSource = "mm_page_free"

// askAllocator runs each case once more while the eBPF program counts the pages
// that the kernel's allocator gets. Where it may not, the report says so.
func (p *probing) askAllocator(ctx context.Context, cases []probe.Case) error {
	p.progress.about("attaching the eBPF program")
	tracer, why := openAllocator(p.subject.PID())
	if why != "" {
		p.report.Missing = append(p.report.Missing, "what the kernel's page allocator got back: "+why)
		return nil
	}
	p.report.Allocator = allocatorSource
	var failed error
	for i := range p.report.Cases {
		p.progress.next(cases[i].ID)
		if failed = p.count(ctx, tracer, cases[i], &p.report.Cases[i]); failed != nil {
			break
		}
	}
	return errors.Join(failed, tracer.Close())
}

// openAllocator opens the tracer for one process; why says what stands against it.
func openAllocator(pid int) (tracer *bpf.Tracer, why string) {
	if err := hostNamespace(); err != nil {
		return nil, oneLine(err)
	}
	tracer, err := bpf.Open(bpf.Options{Allocator: true, NoStacks: true})
	if err != nil {
		return nil, oneLine(err)
	}
	if missing := tracer.Missing(); slices.ContainsFunc(missing, func(m string) bool { return strings.Contains(m, "page allocator") }) {
		err = errors.New(strings.Join(missing, "; "))
	} else {
		err = tracer.Follow(pid)
	}
	if err != nil {
		return nil, oneLine(errors.Join(err, tracer.Close()))
	}
	return tracer, ""
}

// count adds to the result what the allocator got in a run of its own. A run that
// does not do what the others did adds nothing.
func (p *probing) count(ctx context.Context, tracer *bpf.Tracer, c probe.Case, result *probe.Result) error {
	if result.Unknown != "" {
		return nil
	}
	why, err := p.with(c, func() (err error) {
		result.ToAllocator, err = p.countRun(ctx, tracer, c.ID, result)
		return err
	})
	if err == nil && result.ToAllocator == nil {
		if why == "" {
			why = "no run of it did what the others had done"
		}
		p.report.Missing = append(p.report.Missing, "what the kernel's page allocator got in "+c.ID+": "+why)
	}
	return err
}

// countRun is what the allocator got in the first run that did what the others did;
// nil where none of several does.
func (p *probing) countRun(ctx context.Context, tracer *bpf.Tracer, id string, like *probe.Result) (*int64, error) {
	for range disturbed {
		run, err := p.subject.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		events, err := drain(tracer)
		if err != nil {
			return nil, err
		}
		if !alike(like, &run.Result) {
			continue
		}
		seen := callsOf(run, events)
		if got := toAllocator(seen); got != nil {
			p.compare(&run.Result, seen)
			return got, nil
		}
	}
	return nil, nil
}

// share is what part of a case's memory may differ between two runs of it, or two
// sources: the host takes pages at any time.
const share = 64

// alike: both runs did the same, but for pages that the host took meanwhile.
func alike(a, b *probe.Result) bool {
	slack := a.Size / share
	return b.Unknown == "" && a.Errno == b.Errno && max(a.RSSChange-b.RSSChange, b.RSSChange-a.RSSChange) <= slack
}

// drain reads what the tracer has by now.
func drain(tracer *bpf.Tracer) (events []*mem.Event, err error) {
	for {
		frames, drained, err := tracer.Read(make([]mem.Frame, 0, 256), time.Now())
		if err != nil {
			return nil, fmt.Errorf("read what the kernel saw: %w", err)
		}
		for _, f := range frames {
			if f.Event != nil {
				events = append(events, f.Event)
			}
		}
		if drained {
			return events, nil
		}
	}
}

// callsOf are the events of the run's calls; nil where one of them is missing.
func callsOf(run subject.Run, events []*mem.Event) (seen []*mem.Event) {
	for _, call := range run.Calls {
		i := slices.IndexFunc(events, func(e *mem.Event) bool { return isCall(&run, call, e) })
		if i < 0 {
			return nil
		}
		seen = append(seen, events[i])
	}
	return seen
}

// toAllocator is what the allocator got in all calls together; nil where the count
// of one is not known.
func toAllocator(seen []*mem.Event) *int64 {
	var sum int64
	for _, e := range seen {
		if e.ToAllocator == nil {
			return nil
		}
		sum += *e.ToAllocator
	}
	if seen == nil {
		return nil
	}
	return &sum
}

// compare holds what the page tables say of a run's RES against what the kernel's
// own counter of the process did in its calls: two sources, which must agree.
func (p *probing) compare(r *probe.Result, seen []*mem.Event) {
	var sum int64
	for _, e := range seen {
		if e.Noted(mem.NoteRSSUnknown) || e.Noted(mem.NoteUnsure) {
			return
		}
		sum += e.Attributed
	}
	if off := sum - r.RSSChange; off < -r.Size/share || off > r.Size/share {
		p.report.Warnings = append(p.report.Warnings, fmt.Sprintf(
			"%s: RES changed by %s by the page tables, by %s by the kernel's counter", r.ID, probe.KiB(r.RSSChange, true), probe.KiB(sum, true)))
	}
}

// isCall: same thread, call, time and, where the event has it, address.
func isCall(run *subject.Run, call subject.Call, e *mem.Event) bool {
	here := e.Call == mem.ProcessMadvise || e.Addr == call.Addr && e.Len == call.Len
	return here && e.TID == run.TID && e.Call == run.Result.Call && call.From <= e.At && e.End() <= call.To
}
