package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"whyres/collector/probe"
	"whyres/collector/probe/subject"
)

// probing is a probe under way.
type probing struct {
	streams streams
	options probeOptions
	report  *probe.Report
	subject *subject.Process
	// progress counts the cases' runs: each case is gone through twice.
	progress *progress
	// notPutBack are the settings that could not be restored.
	notPutBack error
}

func newProbing(s streams, o probeOptions, report *probe.Report) *probing {
	return &probing{streams: s, options: o, report: report, progress: newProgress(s.err)}
}

// run measures first and counts what the allocator got then, in one more run of
// each case: counting slows every page down that is freed.
func (p *probing) run(ctx context.Context) (err error) {
	cases := p.options.chosen()
	p.progress.begin(2 * len(cases))
	defer p.progress.end()
	cmd, err := itself(subjectCommandName)
	if err != nil {
		return err
	}
	if p.subject, err = subject.Start(cmd); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.subject.Close()) }()
	for _, c := range cases {
		p.progress.next(c.ID)
		result, err := p.measure(ctx, c)
		if err != nil {
			return wasInterrupted(ctx, err)
		}
		p.report.Cases = append(p.report.Cases, result)
	}
	if err := p.askAllocator(ctx, cases); err != nil {
		return wasInterrupted(ctx, err)
	}
	for i := range p.report.Cases {
		p.report.Cases[i].Verdict = probe.Judge(&p.report.Cases[i])
	}
	return nil
}

func wasInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// measure is the median of a case's runs.
func (p *probing) measure(ctx context.Context, c probe.Case) (result probe.Result, err error) {
	why, err := p.with(c, func() error {
		result, err = p.median(ctx, c)
		return err
	})
	if err == nil && why != "" {
		result = unknown(c, why)
	}
	return result, err
}

// unknown is a case that was not run.
func unknown(c probe.Case, why string) probe.Result {
	return probe.Result{ID: c.ID, Call: c.Call, Advice: c.Advice, Pages: c.Pages, Unknown: why}
}

// More than that many runs are not tried for one that nothing else disturbed.
const disturbed = 10

// longWait is a wait after a call that is not repeated.
const longWait = 1e9 // ns

func (p *probing) median(ctx context.Context, c probe.Case) (probe.Result, error) {
	runs, why, err := collect(p.options.runs, func() (subject.Run, error) { return p.subject.Run(ctx, c.ID) })
	switch {
	case err != nil:
		return probe.Result{}, err
	case len(runs) == 0:
		return unknown(c, why), nil
	}
	slices.SortStableFunc(runs, func(a, b probe.Result) int { return cmp.Compare(a.CallNS, b.CallNS) })
	median := runs[len(runs)/2]
	median.Runs = len(runs)
	return median, nil
}

// collect runs a case want times; a run that could not be made is one of them. Why
// is what stood against the last such run. Where the kernel said EAGAIN each time,
// that is the answer, of one run.
func collect(want int, run func() (subject.Run, error)) (runs []probe.Result, why string, err error) {
	var refused []probe.Result
	failed := 0
	for tries := 0; len(runs)+failed < want && tries < want+disturbed; tries++ {
		one, err := run()
		if err != nil {
			return nil, "", err
		}
		r := one.Result
		switch {
		case one.Again: // something else has the memory for a moment
			why = r.Unknown
		case r.Errno == "EAGAIN":
			refused = []probe.Result{r}
		case r.Unknown != "":
			failed++
			why = r.Unknown
		default:
			runs = append(runs, r)
		}
		if r.LaterNS > longWait {
			break
		}
	}
	if len(runs) == 0 && why == "" {
		return refused, "", nil
	}
	return runs, why, nil
}
