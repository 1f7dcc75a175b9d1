package subject

import (
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/probe"
)

// measure makes the pages, makes the calls, and looks before and after.
func (s *stage) measure(how *recipe, run *Run) error {
	before, err := s.prepare(how)
	if err != nil {
		return err
	}
	r := &run.Result
	r.RSSBefore = before.rss
	r.Supported = how.supported(s)
	if before.rss != how.resident {
		run.Again = true
		return cannot("%d of %d KiB were in RES before the call: something else on the host takes or makes pages (reclaim, khugepaged)",
			before.rss>>10, how.resident>>10)
	}
	for _, part := range how.covered {
		o := how.call(s, part)
		run.Calls = append(run.Calls, o.call)
		r.CallNS += o.ns
		r.Ret = o.ret
		if o.errno != 0 {
			r.Errno = unix.ErrnoName(o.errno)
			break
		}
	}
	r.NSPerMiB = r.CallNS * mib / r.Asked
	if how.after != nil {
		how.after(s)
	}
	s.settle()
	after, err := s.see()
	if err != nil {
		return err
	}
	r.RSSChange, r.LazyFreeChange, r.THPChange = after.rss-before.rss, after.lazy-before.lazy, after.thp-before.thp
	if how.watch && r.Errno == "" {
		if err := s.watch(r, before, after); err != nil {
			return err
		}
	}
	return s.refault(how, r, after)
}

func (s *stage) prepare(how *recipe) (sight, error) {
	if err := how.make(s); err != nil {
		return sight{}, err
	}
	s.settle()
	if how.before != nil {
		if err := how.before(s); err != nil {
			return sight{}, err
		}
		s.settle()
	}
	return s.see()
}

// How long RES is watched, and how often it is looked at.
const (
	watchFor   = 5 * time.Second
	watchEvery = 10 * time.Millisecond
)

// watch waits until RES is what it was before the call, or for some seconds. That
// nothing comes back tells something only if khugepaged has been there.
func (s *stage) watch(r *probe.Result, before, after sight) error {
	scans, err := countOf(fullScans)
	if err != nil {
		return cannot("how far khugepaged is cannot be told: %v", err)
	}
	began := time.Now()
	for {
		now, err := s.see()
		if err != nil {
			return err
		}
		back := now.rss - after.rss
		waited := time.Since(began)
		r.LaterRSSChange, r.LaterNS = &back, int64(waited)
		if now.rss >= before.rss {
			return nil
		}
		if waited >= watchFor {
			return cameBy(scans, back)
		}
		time.Sleep(watchEvery)
	}
}

// fullScans counts how often khugepaged has gone through all processes.
const fullScans = "/sys/kernel/mm/transparent_hugepage/khugepaged/full_scans"

// cameBy: between two ends of its rounds khugepaged has seen all memory, this too.
func cameBy(scans, back int64) error {
	now, err := countOf(fullScans)
	if err != nil || back > 0 || now-scans >= 2 {
		return err
	}
	return cannot("khugepaged did not get to this memory within %v: it goes through all processes in turn; try on a quieter host", watchFor)
}

// refault touches again what the call took out of RES, and takes the time. What
// came back by itself is no fault any more.
func (s *stage) refault(how *recipe, r *probe.Result, after sight) error {
	if r.RSSChange >= 0 || r.LaterRSSChange != nil {
		return nil
	}
	if how.reopen != nil {
		if err := how.reopen(s); err != nil {
			return err
		}
	}
	began := time.Now()
	s.touch(how.back...)
	took := time.Since(began)
	now, err := s.see()
	if err != nil || !sameKind(r, now.thp-after.thp) {
		return err
	}
	perMiB := int64(took) * mib / -r.RSSChange
	r.RefaultNSPerMiB = &perMiB
	return nil
}

// sameKind: as many huge pages came back as whole ones had left; back is in bytes.
// Where a call has emptied page tables the kernel may free these too (Linux 6.14,
// CONFIG_PT_RECLAIM), and then makes huge pages where small ones were. And where
// memory is fragmented it makes small ones of huge. Neither time is comparable.
func sameKind(r *probe.Result, back int64) bool {
	var left int64
	if r.THPChange == r.RSSChange { // else they were split, and small pages left
		left = -r.THPChange
	}
	return back == left
}
