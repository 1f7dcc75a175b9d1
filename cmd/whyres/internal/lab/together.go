package lab

import (
	"cmp"
	"slices"

	"whyres/collector/mem"
)

// Readings are how RES of one server went: course.Meter.Each gives them. Between
// two of them RES is as it was last read; before the first it is 0.
type Readings struct{ points []point }

type point struct {
	at     mem.Instant
	server int
	res    int64
}

// Read takes the next reading of RES, in bytes.
func (r *Readings) Read(at mem.Instant, res int64) {
	if n := len(r.points); n > 0 {
		at = max(at, r.points[n-1].at) // calls of several threads overlap
	}
	r.points = append(r.points, point{at: at, res: res})
}

// Sum lays servers over each other in time: the highest that the sum of their RES
// ever was, and the sum of what each had at most. Where a server has several
// readings of one instant, its highest counts for it.
func Sum(servers ...*Readings) *Together {
	t := &Together{}
	var all []point
	for i, s := range servers {
		peak := int64(0)
		for _, p := range s.points {
			p.server = i
			all = append(all, p)
			peak = max(peak, p.res)
		}
		t.SumOfPeaks += peak
	}
	slices.SortStableFunc(all, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	t.PeakOfSum = peakOfSum(all, len(servers))
	return t
}

// step is a server at an instant: its RES after it, and the highest at it.
type step struct{ now, highest int64 }

func peakOfSum(all []point, servers int) int64 {
	at, peak := make([]step, servers), int64(0)
	for len(all) > 0 {
		n := sameInstant(all)
		for i := range at {
			at[i].highest = 0
		}
		for _, p := range all[:n] {
			s := &at[p.server]
			s.now, s.highest = p.res, max(s.highest, p.res)
		}
		sum := int64(0)
		for _, s := range at {
			if s.highest == 0 {
				s.highest = s.now // nothing read at this instant: it stands
			}
			sum += s.highest
		}
		peak = max(peak, sum)
		all = all[n:]
	}
	return peak
}

// sameInstant is how many points from the first on are of its instant.
func sameInstant(points []point) int {
	n := 1
	for n < len(points) && points[n].at == points[0].at {
		n++
	}
	return n
}

// Combine makes one run of those of several servers at once. The peak is that of
// the sum; what is counted in bytes, CPU or numbers is summed up, of times the
// longest is taken. What is unknown of one is unknown.
func Combine(t *Together, servers ...Run) Run {
	if len(servers) == 0 {
		return Run{Together: t}
	}
	out := servers[0]
	out.Together, out.Recordings, out.BurstEnds, out.Unknown = t, nil, nil, nil
	out.Measures, out.AtLeast, out.Notes = Measures[*float64]{}, nil, nil
	out.Burst, out.Falls, out.Within = nil, nil, 0
	w := &writer{}
	for _, f := range Fields() {
		combine(w, f, servers)
	}
	if t != nil && w.measures.Peak != nil {
		w.set(Peak, float64(t.PeakOfSum))
	}
	for i := range servers {
		if out.Status == StatusDone && servers[i].Status != StatusDone {
			out.Status, out.Problem = servers[i].Status, servers[i].Problem
		}
		out.Recordings = append(out.Recordings, servers[i].Recordings...)
		out.BurstEnds = append(out.BurstEnds, servers[i].BurstEnds...)
		out.AtLeast = union(out.AtLeast, servers[i].AtLeast)
		out.Notes = union(out.Notes, servers[i].Notes)
		out.Burst, out.Within = out.Burst.add(servers[i].Burst), max(out.Within, servers[i].Within)
		out.Falls = append(out.Falls, servers[i].Falls...)
	}
	out.Measures, out.Unknown = w.measures, w.unknown
	return out
}

func union(a, b []string) []string {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

func combine(w *writer, f Field, servers []Run) {
	sum := 0.0
	for i := range servers {
		v := *servers[i].Measures.At(f)
		if v == nil {
			w.lack(cmp.Or(servers[i].Unknown[f.ID()], "not measured"), f)
			return
		}
		if u := f.Unit(); u == After || u == Latency {
			sum = max(sum, *v)
			continue
		}
		sum += *v
	}
	w.set(f, sum)
}
