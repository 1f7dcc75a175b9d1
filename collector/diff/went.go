package diff

import (
	"fmt"
	"time"

	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// went compares how RES went.
func went(r *rows, a, b *Side) {
	r.group = GroupCourse
	x, y := &a.Course, &b.Course
	smaller, why := less, ""
	if a.Cut || b.Cut {
		smaller = neither
	}
	r.time(Row{ID: "course.duration", What: "length of the recording", Unit: Duration, A: number(x.Duration), B: number(y.Duration), Detail: true}, neither, leastSpan)
	r.size(Row{ID: "course.start", What: "RES at first", A: number(x.Start), B: number(y.Start), Detail: true}, neither)
	r.size(Row{ID: "course.peak", What: "peak RES", A: number(x.Peak), B: number(y.Peak)}, smaller)
	r.size(Row{ID: "course.rest", What: "RES at rest", A: number(x.Rest), B: number(y.Rest), Why: whyRest(a, b)}, smaller)
	r.size(Row{ID: "course.given_back", What: "given back by the end", A: number(x.GivenBack), B: number(y.GivenBack)}, neither)
	moment(r, "course.half", "half of it gone after", a, b, x.Half, y.Half)
	moment(r, "course.nine_tenths", "nine tenths gone after", a, b, x.NineTenths, y.NineTenths)
	if !sameTime(x.Duration, y.Duration, leastSpan) {
		smaller, why = neither, unequal(x.Duration, y.Duration)
	}
	r.size(Row{ID: "course.mean", What: "mean RES", A: number(x.Mean), B: number(y.Mean), Why: why}, smaller)
	r.add(Row{ID: "course.area", What: "area under RES", Unit: ByteSeconds, A: area(x), B: area(y), Detail: true}, smaller,
		func(a, b int64) bool { return near(a, b, larger(a, b)/timePart) })
}

// unequal: of two lengths of time neither the mean nor the area says which is
// better, as how long the recording went on before and after weighs in both.
func unequal(a, b int64) string {
	return fmt.Sprintf("the mean is of the whole recording: %s of A, %s of B", ledger.Lasted(time.Duration(a)), ledger.Lasted(time.Duration(b)))
}

func area(c *course.Course) Value { return number(int64(min(c.Area, 1<<62))) }

// moment compares when a part had gone. Where one side gave nothing back there is
// no such time, which says why.
func moment(r *rows, id, what string, a, b *Side, x, y *course.Moment) {
	row := Row{ID: id, What: what, Unit: Moment}
	spacing := leastTime
	if x != nil {
		row.A, spacing = number(x.After), max(spacing, x.Within)
	}
	if y != nil {
		row.B, spacing = number(y.After), max(spacing, y.Within)
	}
	switch {
	case x == nil && y != nil:
		row.Why = "A had given nothing back by its end"
	case y == nil && x != nil:
		row.Why = "B had given nothing back by its end"
	default:
		row.Why = whyLater(a, b)
	}
	direction := less
	if a.Cut || b.Cut {
		direction = neither
	}
	r.time(row, direction, spacing)
}

// collapsed is what khugepaged added to RES, 0 where no calls were traced.
func (s *Side) collapsed() int64 {
	if !s.traced() {
		return 0
	}
	return int64(min(s.Verdict.Collapses.Bytes, 1<<62))
}

// whyRest says that khugepaged did it, or names the part of RES that makes most of
// the difference, where one makes a third of it or more, and the parts are of when
// RES was at rest.
func whyRest(a, b *Side) string {
	gap := b.Course.Rest - a.Course.Rest
	if back := b.collapsed() - a.collapsed(); (back > 0) == (gap > 0) && magnitude(back) > magnitude(gap)/2 && magnitude(gap) > 0 {
		return whyCollapsed(a, b)
	}
	if !a.partsOfRest() || !b.partsOfRest() {
		return ""
	}
	best := leafPair{}
	for _, l := range leaves(a, b) {
		if (l.change() > 0) == (gap > 0) && magnitude(l.change()) > magnitude(best.change()) {
			best = l
		}
	}
	if magnitude(best.change()) < magnitude(gap)/3 {
		return ""
	}
	return fmt.Sprintf("most of it is %s: %s in A, %s in B", named(best.what), ledger.Size(best.a), ledger.Size(best.b))
}

func (s *Side) partsOfRest() bool {
	return s.Verdict.Smaps != nil && sameSize(s.Verdict.RES, s.Course.Rest)
}

// whyLater says which callers gave back, where they differ, or with what.
func whyLater(a, b *Side) string {
	if !a.traced() || !b.traced() {
		return ""
	}
	if x, y := a.advice(), b.advice(); x != y && x != "" && y != "" {
		return fmt.Sprintf("A releases with %s, B with %s", x, y)
	}
	x, y := a.giver(), b.giver()
	if x == y || x == "" || y == "" {
		return ""
	}
	return fmt.Sprintf("who gave most back: %s in A, %s in B", caller(x), caller(y))
}

// giver is the caller whose releases took most out of RES.
func (s *Side) giver() mem.Who {
	var best explain.ByWho
	for _, w := range s.Verdict.ByWho {
		if w.Attributed > best.Attributed {
			best = w
		}
	}
	return best.Who
}

// caller is a class of callers in words.
func caller(who mem.Who) string {
	switch who {
	case mem.WhoBackground:
		return "background scavenger"
	case mem.WhoGrowth:
		return "heap growth"
	case mem.WhoLimit:
		return "memory limit"
	case mem.WhoForced:
		return "FreeOSMemory"
	case mem.WhoStack:
		return "goroutine stacks"
	case mem.WhoRuntime:
		return "Go runtime"
	case mem.WhoCgo:
		return "C code"
	case mem.WhoUser:
		return "own code"
	case mem.WhoUnknown, "":
		return "unknown caller"
	}
	return string(who)
}
