package pprof

import (
	"strconv"

	"github.com/google/pprof/profile"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/mem"
)

// Frames that are none: in place of what is not known.
const (
	noStack = "no stack"
	cutOff  = "deeper callers not kept"
	tooMany = "too many stacks to tell apart"
)

// maxName is how many columns of a name are kept: twice what whyres records.
const maxName = 400

// builder makes functions and locations once each.
type builder struct {
	p         *profile.Profile
	mapping   *profile.Mapping
	locations map[string]*profile.Location
}

func (x *Export) build() *profile.Profile {
	p := &profile.Profile{
		SampleType: types(), DefaultSampleType: DefaultType,
		PeriodType: &profile.ValueType{Type: "calls", Unit: "count"}, Period: 1,
		DurationNanos: int64(max(0, x.last-x.first)), Comments: x.comments(),
	}
	b := builder{p: p, locations: map[string]*profile.Location{}}
	b.mapping = &profile.Mapping{ID: 1, File: "unknown program", HasFunctions: true, HasFilenames: true, HasLineNumbers: true, HasInlineFrames: true}
	if h := x.header; h != nil {
		p.TimeNanos = h.UnixNano()
		if name := h.Process.Exe; name != "" {
			b.mapping.File = clean(name)
		}
	}
	p.Mapping = []*profile.Mapping{b.mapping}
	for _, s := range x.order {
		b.add(s)
	}
	if x.rest != nil {
		b.add(x.rest)
	}
	return p
}

func (b *builder) add(s *sample) {
	out := &profile.Sample{Value: append([]int64(nil), s.values[:]...), Label: s.labels()}
	for _, name := range s.stack {
		out.Location = append(out.Location, b.location(name))
	}
	if len(s.stack) == 0 {
		out.Location = append(out.Location, b.location(noStack))
	}
	if s.cut {
		out.Location = append(out.Location, b.location(cutOff))
	}
	b.p.Sample = append(b.p.Sample, out)
}

// location is a function's: where in it the call was made is not recorded, so its
// address is 0, and pprof looks for no symbols.
func (b *builder) location(name string) *profile.Location {
	name = clean(name)
	if l := b.locations[name]; l != nil {
		return l
	}
	id := uint64(len(b.p.Function)) + 1
	f := &profile.Function{ID: id, Name: name, SystemName: name}
	l := &profile.Location{ID: id, Mapping: b.mapping, Line: []profile.Line{{Function: f}}}
	b.p.Function, b.p.Location = append(b.p.Function, f), append(b.p.Location, l)
	b.locations[name] = l
	return l
}

func (s *sample) labels() map[string][]string {
	out := map[string][]string{}
	for name, value := range map[string]string{
		"call": string(s.kind.call), "advice": s.kind.advice, "who": string(s.kind.who), "errno": s.kind.errno,
	} {
		if value != "" {
			out[name] = []string{clean(value)}
		}
	}
	return out
}

// comments say where the profile is from, and what its numbers do not hold.
func (x *Export) comments() []string {
	var out []string
	say := func(text string) { out = append(out, clean(text)) }
	if h := x.header; h != nil {
		say("whyres " + h.Tool)
		say("kernel: Linux " + h.Host.Kernel + " " + h.Host.Arch)
		say("Go: " + goVersion(&h.Process))
		say("process: " + h.Process.Comm + ", pid " + strconv.Itoa(h.Process.PID))
		for _, missing := range h.Missing {
			say("missing: " + missing)
		}
	}
	note := func(what string, n uint64, text string) {
		if n > 0 {
			say(what + ": " + strconv.FormatUint(n, 10) + "; " + text)
		}
	}
	note("events lost", x.lost, "every sum is at least what it says")
	note("damaged lines of the recording", x.damaged, "what stood there is not counted")
	if x.cut > 0 {
		say("the recording was cut short in line " + strconv.Itoa(x.cut) + ": what came after is not counted")
	}
	note("calls not seen from entry to exit", x.untimed, "their time is not known, and not counted")
	note("calls whose RES could not be read", x.unknown, "what left RES by them is not known, and not counted")
	note("calls of child processes", x.others, "not counted, as in the verdict")
	note("times the process became another program (exec)", uint64(x.execs), "the stacks are of all of them")
	say("mapped: address space, also what is only set aside (PROT_NONE), as Go does for its arenas; mapped_accessible: without that")
	return out
}

func goVersion(p *mem.Process) string {
	if p.GoVersion == "" {
		return "not a Go program"
	}
	return p.GoVersion
}

// clean makes a name of the target fit for a terminal, which is where pprof prints
// it, and for the format, which wants UTF-8.
func clean(name string) string { return timeline.Clean(name, maxName) }
