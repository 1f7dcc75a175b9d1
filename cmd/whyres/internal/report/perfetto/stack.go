package perfetto

import (
	"slices"
	"strings"
)

// between stands between the names of a stack: it comes in no name of a function.
const between = " < "

// stack appends a stack to an event twice: as a text, leaf first, which every viewer
// shows, and as a callstack, of which newer ones make a flame graph: its weight is
// what left RES. Most stacks come many times, and are written once.
func (p *process) stack(stack []string, leftRES int64) {
	if len(stack) == 0 {
		return
	}
	joined := func() string {
		names := make([]string, len(stack))
		for i, name := range stack {
			names[i] = clean(name)
		}
		return strings.Join(names, between)
	}
	p.annotation("stack", func(m *message) {
		if id, ok := p.id(&p.texts, p.stackKey(stack), func(m *message) { m.text(internedText, joined()) }); ok {
			m.uint(annotationStringIID, id)
			return
		}
		m.text(annotationString, joined())
	})
	if id, ok := p.callstack(stack); ok {
		p.trace.packet.uint(eventCallstackIID, id)
		p.trace.packet.double(eventCallstackWeight, float64(leftRES))
	}
}

// callstack is the number of a stack as the format has it: the root first.
func (p *process) callstack(stack []string) (uint64, bool) {
	key := p.stackKey(stack)
	if id := p.callstacks.ids[string(key)]; id != 0 {
		return id, true
	}
	kept := slices.Clone(key) // the frames use the same scratch
	frames := make([]uint64, 0, len(stack))
	for _, name := range slices.Backward(stack) {
		id, ok := p.frame(name)
		if !ok {
			return 0, false
		}
		frames = append(frames, id)
	}
	return p.id(&p.callstacks, kept, func(m *message) {
		for _, id := range frames {
			m.uint(callstackFrames, id)
		}
	})
}

// frame is the number of a frame, which is a function and no more.
func (p *process) frame(name string) (uint64, bool) {
	p.trace.key = append(p.trace.key[:0], name...)
	function, ok := p.id(&p.functions, p.trace.key, func(m *message) { m.text(internedText, clean(name)) })
	if !ok {
		return 0, false
	}
	return p.id(&p.frames, p.trace.key, func(m *message) { m.uint(frameFunction, function) })
}

// stackKey tells stacks from each other, and from all other texts.
func (p *process) stackKey(stack []string) []byte {
	p.trace.key = append(p.trace.key[:0], 0)
	for _, name := range stack {
		p.trace.key = append(append(p.trace.key, name...), 0)
	}
	return p.trace.key
}
