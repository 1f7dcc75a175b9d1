package perfetto

import (
	"slices"
	"strconv"

	"whyres/collector/mem"
)

// Tracks for what is no call.
const (
	trackGC       = "GC"
	trackCollapse = "huge pages"
	trackLost     = "lost events"
	trackDamage   = "recording damaged"
)

// maxDamages is how many damaged lines are marked; a last mark counts all.
const maxDamages = 1000

// Damaged marks where a line of the recording could not be read: after the last frame
// before it. The recording may end with it.
func (t *Trace) Damaged(line int, cut bool) {
	title := "damaged line: what stood there is missing"
	if cut {
		title = "recording cut short: what came after is missing"
	} else {
		t.damaged++
	}
	if t.damaged > maxDamages && !cut {
		return
	}
	if t.target == nil {
		t.process(0)
	}
	p := t.target
	p.instant(p.sideTrack(trackDamage), t.last, title, func() {
		p.annotateInt("line", int64(line))
		p.annotateInt("damaged_lines_so_far", int64(t.damaged))
	})
}

// unmarked tells at the end of damaged lines that have no mark.
func (t *Trace) unmarked() {
	if t.damaged <= maxDamages || t.target == nil {
		return
	}
	p := t.target
	p.instant(p.sideTrack(trackDamage), t.last, "more damaged lines than are marked", func() {
		p.annotateInt("damaged_lines_in_all", int64(t.damaged))
	})
}

// mark writes a mark as an instant.
func (p *process) mark(k *mem.Mark, own bool) {
	track := p.track
	if own {
		switch k.Kind {
		case mem.MarkGC:
			track = p.sideTrack(trackGC)
		case mem.MarkCollapse:
			track = p.sideTrack(trackCollapse)
		case mem.MarkExec:
			p.renamed(k)
		case mem.MarkFork, mem.MarkExit, mem.MarkEnd:
		}
	}
	p.instant(track, k.At, markTitle(k), func() {
		p.annotateMark(k)
		if !own {
			p.annotateInt("pid", int64(k.PID))
		}
	})
	if own {
		p.rss(k.At, k.RSS)
	}
}

// renamed: the process is another program now.
func (p *process) renamed(k *mem.Mark) {
	if k.Process != nil {
		p.rename(k.Comm, k.Process.Exe, k.Process.GoVersion)
		return
	}
	p.rename(k.Comm)
}

// instant writes an event that has no duration and a name that hardly comes twice.
func (p *process) instant(track uint64, at mem.Instant, name string, fill func()) {
	p.event(at, typeInstant, track, func(m *message) {
		m.text(eventName, clean(name))
		fill()
	})
}

func markTitle(k *mem.Mark) string {
	switch k.Kind {
	case mem.MarkGC:
		return gcTitle(k)
	case mem.MarkCollapse:
		if k.Asked {
			return "huge page made, asked for"
		}
		return "khugepaged made a huge page"
	case mem.MarkFork:
		return "forked " + strconv.Itoa(k.Child)
	case mem.MarkExec:
		return "exec " + k.Comm
	case mem.MarkExit:
		if k.Signal != 0 {
			return "killed by signal " + strconv.Itoa(k.Signal)
		}
		return "exited with " + strconv.Itoa(k.ExitCode)
	case mem.MarkEnd:
		return "trace ends: " + k.Why
	}
	return string(k.Kind)
}

// gcTitle is the GC's number and reason; several that share a mark are named from
// the first to the last.
func gcTitle(k *mem.Mark) string {
	text := "GC " + strconv.FormatUint(uint64(k.NumGC), 10)
	if k.First != 0 && k.First < k.NumGC {
		text = "GC " + strconv.FormatUint(uint64(k.First), 10) + "-" + strconv.FormatUint(uint64(k.NumGC), 10)
	}
	if k.Why == "" {
		return text
	}
	return text + ": " + k.Why
}

func (p *process) annotateMark(k *mem.Mark) {
	p.annotateText("why", k.Why)
	switch k.Kind {
	case mem.MarkGC:
		p.annotateUint("num_gc", uint64(k.NumGC))
		if k.First != 0 {
			p.annotateUint("first_gc", uint64(k.First))
		}
	case mem.MarkFork:
		p.annotateInt("child", int64(k.Child))
		if k.SameMemory {
			p.annotateText("memory", "runs in its parent's memory until it executes a program (vfork)")
		}
	case mem.MarkCollapse:
		if k.Grew != nil {
			p.annotateInt("res_grew", *k.Grew)
		}
	case mem.MarkExec, mem.MarkExit, mem.MarkEnd:
	}
}

// lost writes how many events were lost, and why.
func (p *process) lost(l *mem.Lost) {
	p.instant(p.sideTrack(trackLost), l.At, "events lost: "+strconv.FormatUint(l.New, 10), func() {
		p.annotateUint("new", l.New)
		p.annotateUint("total", l.Total)
		p.annotateUint("skipped_host_wide", l.Skipped)
		reasons := make([]string, 0, len(l.Reasons))
		for why, n := range l.Reasons {
			reasons = append(reasons, why+": "+strconv.FormatUint(n, 10))
		}
		slices.Sort(reasons)
		p.annotateTexts("reasons", reasons)
	})
}
