package explain

import (
	"fmt"
	"strings"

	"whyres/collector/explain/causes"
	"whyres/collector/mem"
)

// sentences say it all, one thing each.
func (l *Limits) sentences(f *causes.Facts) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	above := l.aboveText(f.Stats())
	if above != "" {
		say("%s", above)
	}
	say("Of RES %s are not Go's, and GOMEMLIMIT does not count them%s; of Go's own it counts %s.", size(l.NonGo), l.partsText(f), size(l.Go))
	if text := l.groupText(f); text != "" {
		say("%s", text)
	}
	if above == "" {
		say("%s", l.limitText(f))
	}
	if l.Fit != nil {
		say("%s would fit: %s. Its price: %s.", l.Fit.Set, l.Fit.Why, l.Fit.Price)
	} else if l.NoFit != "" {
		say("%s", l.NoFit)
	}
	if text := l.gogcText(f.Stats()); text != "" {
		say("%s", text)
	}
	if text := l.nowText(); text != "" {
		say("%s", text)
	}
	if virt := clamp(f.Sample.VMSize); virt > 16*f.RES() && virt > 4<<30 {
		say("VIRT is %s: address space that was set aside, not memory (whyres explain --cause virt-not-res).", size(virt))
	}
	return out
}

// leastTold is the RES below which nobody asks for a limit.
const leastTold = 32 << 20

// short is all where a limit is set, else one line.
func (l *Limits) short(f *causes.Facts) []string {
	switch {
	case l.MemoryLimit > 0 || l.grouped():
		return l.Says
	case f.RES() < leastTold:
		return nil
	}
	text := "No memory limit is set (GOMEMLIMIT, control group)"
	if h := l.present(); h != nil {
		text += fmt.Sprintf("; by GOGC=%d the heap grows to %s before each GC", h.GOGC, size(h.Goal))
	} else if l.GOGC < 0 {
		text += ", and GOGC is off: the heap grows without end"
	}
	if l.Fit != nil {
		text += "; -v tells a limit that would fit"
	}
	out := []string{text + "."}
	if l.Now != nil && *l.Now >= f.Worth() {
		out = append(out, l.nowText())
	}
	return out
}

// aboveText: Go is above its limit, and no GC can bring it below.
func (l *Limits) aboveText(m *mem.MemStats) string {
	if l.MemoryLimit == 0 || l.Go <= l.MemoryLimit || l.Needs <= l.MemoryLimit {
		return ""
	}
	live := clamp(m.HeapMarked)
	text := fmt.Sprintf("It is above its GOMEMLIMIT of %s: %s were live at the last GC", size(l.MemoryLimit), size(live))
	if live <= l.MemoryLimit {
		text += fmt.Sprintf(", and holes in spans, stacks and the runtime's own take %s", size(l.Needs-live))
	}
	return text + ": the limit cannot be kept."
}

func (l *Limits) partsText(f *causes.Facts) string {
	if text := causes.InWords(l.Parts, max(f.RES()/50, 1<<20)); text != "" {
		return ": " + text
	}
	return ""
}

func (l *Limits) groupText(f *causes.Facts) string {
	g := l.Cgroup
	if g == nil || g.Path == "/" || g.Limit == 0 && g.Processes != 1 {
		return "" // what many processes share, without a limit, tells nothing of this one
	}
	whose := "for all that are or were in it (now this process alone)"
	if g.Processes != 1 {
		whose = "for all its processes"
	}
	text := fmt.Sprintf("The control group is charged %s, %s; its working set, which orchestrators show, is %s; RES is %s", size(clamp(g.Usage)), whose, size(clamp(g.WorkingSet)), size(f.RES()))
	switch at := f.LimitAbove(); {
	case g.Limit == 0:
		return text + ". It has no limit."
	case at != "":
		return text + fmt.Sprintf(". The group above it, %s, has a limit of %s, and all in that are charged %s.", at, size(clamp(g.Limit)), size(clamp(g.LimitUsage)))
	}
	return text + fmt.Sprintf(". Its limit is %s.", size(clamp(g.Limit)))
}

func (l *Limits) limitText(f *causes.Facts) string {
	minor := f.GoMinor()
	switch {
	case minor > 0 && minor < firstLimit:
		return fmt.Sprintf("%s knows no GOMEMLIMIT: that came with Go 1.%d.", f.Process.GoVersion, firstLimit)
	case l.MemoryLimit == 0:
		return "No GOMEMLIMIT is set: GOGC alone decides when a GC comes."
	}
	text := fmt.Sprintf("A memory limit of %s is set", size(l.MemoryLimit))
	if l.Go > l.MemoryLimit {
		return text + fmt.Sprintf(": Go is %s above it.", size(l.Go-l.MemoryLimit))
	}
	return text + fmt.Sprintf(": Go may use %s more.", size(l.MemoryLimit-l.Go))
}

func (l *Limits) gogcText(m *mem.MemStats) string {
	switch {
	case len(l.Headroom) == 0:
		return ""
	case l.GOGC < 0 && l.MemoryLimit > 0:
		return "GOGC is off: the memory limit alone decides when a GC comes."
	case l.limitDecides(m):
		return "By what was live at the last GC the memory limit decides when a GC comes, not GOGC."
	}
	var goals []string
	for _, h := range l.Headroom {
		text := fmt.Sprintf("%s at GOGC=%d", size(h.Goal), h.GOGC)
		if h.Present {
			text += " (as it is set)"
		}
		goals = append(goals, text)
	}
	text := fmt.Sprintf("With the %s that were live at the last GC the heap grows before each GC to %s", size(clamp(m.HeapMarked)), strings.Join(goals, ", "))
	switch {
	case l.GOGC < 0:
		text += "; GOGC is off: it grows without end"
	case l.MemoryLimit > 0:
		text += "; sooner near the memory limit"
	}
	return text + "."
}

// limitDecides: by GOGC the heap would grow beyond the limit.
func (l *Limits) limitDecides(m *mem.MemStats) bool {
	h := l.present()
	return h != nil && l.MemoryLimit > 0 && (l.Go >= l.MemoryLimit || h.Goal+notObjects(m) >= l.MemoryLimit)
}

func (l *Limits) nowText() string {
	if l.Now == nil {
		return ""
	}
	text := fmt.Sprintf("Now: debug.FreeOSMemory would take %s out of RES at once", size(*l.Now))
	if l.Garbage >= 1<<20 {
		text += fmt.Sprintf(", and what has died of %s of new objects", size(l.Garbage))
		if l.Live >= 1<<20 {
			text += fmt.Sprintf(" and of %s that the last GC found live", size(l.Live))
		}
	}
	if l.Stacks >= 1<<20 {
		text += fmt.Sprintf(", and up to %s of stacks that no goroutine uses", size(l.Stacks))
	}
	if l.Lazy > 0 {
		text += fmt.Sprintf("; %s go when memory gets short, by MADV_FREE", size(l.Lazy))
	}
	return text + "; it runs a whole GC first, and its caller waits for both."
}
