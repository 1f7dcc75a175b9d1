package main

import (
	"context"
	"errors"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/load"
)

// one makes a run and says what became of it.
func (w *labWork) one(ctx context.Context, step lab.Step) lab.Run {
	words, err := w.targetOf(ctx, step)
	began := time.Now()
	if err != nil {
		return lab.Run{Number: step.Run, Time: began.UTC(), Status: lab.StatusFailed, Problem: oneLine(err), Recordings: []string{}}
	}
	r := &labRun{work: w, step: step}
	for i := range w.results.Servers {
		r.servers = append(r.servers, &labServer{run: r, nth: i + 1})
	}
	refused, err := w.withHugePages(step.Setting.THP, func() error { return r.do(ctx, words) })
	out := r.measured(errors.Join(refused, err))
	if !r.began.IsZero() { // without the wait for others, or for a build: no run's own
		began = r.began
	}
	out.Number, out.Time, out.Took = step.Run, began.UTC(), int64(time.Since(began))
	switch {
	case refused != nil:
		out.Status, out.Problem = lab.StatusRefused, oneLine(refused)
	case err != nil:
		out.Status, out.Problem = lab.StatusFailed, oneLine(err)
	}
	return out
}

// measured puts together what the servers' meters have seen.
func (r *labRun) measured(err error) lab.Run {
	runs := make([]lab.Run, 0, len(r.servers))
	all := make([]*lab.Readings, 0, len(r.servers))
	for _, s := range r.servers {
		run := lab.Run{Status: lab.StatusDone, Recordings: s.recordings(), Notes: s.notes}
		if err == nil {
			s.fill(&run)
			all = append(all, &s.traced.readings)
		}
		runs = append(runs, run)
	}
	if len(runs) == 1 {
		return runs[0]
	}
	if err == nil {
		return lab.Combine(lab.Sum(all...), runs...)
	}
	out := lab.Run{}
	for _, run := range runs {
		out.Recordings, out.Notes = append(out.Recordings, run.Recordings...), append(out.Notes, run.Notes...)
	}
	return out
}

func (s *labServer) recordings() []string {
	if s.traced == nil {
		return []string{}
	}
	return []string{s.file}
}

// fill is called when the run has ended as it should.
func (s *labServer) fill(run *lab.Run) {
	pulses := s.load.Pulses()
	out := lab.Outside{Unknown: map[string]string{}}
	if p50, p99, why := load.Latency(pulses, s.wall); why == "" {
		out.LatencyP50, out.LatencyP99 = measureOf(p50), measureOf(p99)
	} else {
		out.Unknown[lab.LatencyP50.ID()], out.Unknown[lab.LatencyP99.ID()] = why, why
	}
	if s.statOK {
		out.ProcessCPU, out.Faults = measureOf(s.after.cpu), measureOf(s.after.faults-s.before.faults)
	}
	if failures := load.Failures(pulses); failures != "" {
		run.Notes = append(run.Notes, failures)
	}
	run.BurstEnds = append(run.BurstEnds, s.burst)
	run.Burst = burstOf(pulses, s.load, s.cut)
	if load.UnderWay(pulses, s.seen) {
		run.Notes = append(run.Notes, "a pulse was under way at the end: RES at rest is with its connections")
	}
	s.traced.meter.BurstEnded(s.burst)
	s.traced.meter.Fill(run, out)
}

func measureOf[T int64 | uint64 | time.Duration](n T) *float64 {
	v := float64(n)
	return &v
}
