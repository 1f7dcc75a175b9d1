package diff

import "whyres/collector/course"

// phases compares the phases that both recordings have.
func phases(r *rows, a, b *Side) {
	r.group = GroupPhases
	for _, name := range [...]string{course.Growth, course.GivingBack, course.AtRest} {
		x, y := a.phase(name), b.phase(name)
		if x == nil || y == nil {
			continue
		}
		id, what := "phase."+phaseID(name)+".", name+": "
		add := func(key, words string, f func(*course.Phase) Value, to func(Row, wish)) {
			to(Row{ID: id + key, What: what + words, A: f(x), B: f(y), Detail: true}, neither)
		}
		add("duration", "how long", func(p *course.Phase) Value { return number(p.Duration) }, func(row Row, w wish) {
			row.Unit = Duration
			r.time(row, w, leastSpan)
		})
		add("res_start", "RES before", func(p *course.Phase) Value { return number(p.RESStart) }, r.size)
		add("res_end", "RES after", func(p *course.Phase) Value { return number(p.RESEnd) }, r.size)
		add("gcs", "GCs", func(p *course.Phase) Value { return unsigned(p.GCs) }, r.count)
		add("calls", "calls", func(p *course.Phase) Value { return unsigned(p.Calls) }, r.count)
		add("asked", "asked to release", func(p *course.Phase) Value { return unsigned(p.Asked) }, r.size)
		add("left_res", "RES fell over these calls by", func(p *course.Phase) Value { return number(p.LeftRES) }, r.size)
		add("attributed", "of it by the calls", func(p *course.Phase) Value { return number(p.Attributed) }, r.size)
		add("collapsed", "khugepaged added", func(p *course.Phase) Value { return unsigned(p.Collapsed) }, r.size)
		add("faulted", "faulted in", func(p *course.Phase) Value { return number(p.Faulted) }, r.size)
	}
}

func phaseID(name string) string {
	if name == course.GivingBack {
		return "giving_back"
	}
	return name
}

func (s *Side) phase(name string) *course.Phase {
	for i := range s.Course.Phases {
		if s.Course.Phases[i].Name == name {
			return &s.Course.Phases[i]
		}
	}
	return nil
}
