package perfetto

import "strings"

// annotation appends one argument of an event: value appends its value. The names
// are whyres's own and few.
func (p *process) annotation(name string, value func(m *message)) {
	m := &p.trace.packet
	m.nest(eventDebugAnnotations, func() {
		p.name(&p.annotations, name, annotationNameIID, annotationName)
		value(m)
	})
}

func (p *process) annotateUint(name string, v uint64) {
	p.annotation(name, func(m *message) { m.uint(annotationUint, v) })
}

func (p *process) annotateInt(name string, v int64) {
	p.annotation(name, func(m *message) { m.int(annotationInt, v) })
}

// annotateAddr is for addresses, which viewers show in hexadecimal.
func (p *process) annotateAddr(name string, v uint64) {
	p.annotation(name, func(m *message) { m.uint(annotationPointer, v) })
}

// annotateText leaves out what is empty.
func (p *process) annotateText(name, text string) {
	if text == "" {
		return
	}
	p.annotation(name, func(*message) { p.name(&p.texts, text, annotationStringIID, annotationString) })
}

// annotateTexts writes a list, unless it is empty.
func (p *process) annotateTexts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	p.annotation(name, func(m *message) {
		for _, text := range list {
			m.nest(annotationArray, func() { p.name(&p.texts, text, annotationStringIID, annotationString) })
		}
	})
}

// between stands between the names of a stack: it comes in no name of a function.
const between = " < "

// annotateStack writes a stack as one text, leaf first: most stacks come many
// times, and are written once.
func (p *process) annotateStack(stack []string) {
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
		if id, ok := p.id(&p.texts, p.stackKey(stack), joined); ok {
			m.uint(annotationStringIID, id)
			return
		}
		m.text(annotationString, joined())
	})
}

// stackKey tells stacks from each other, and from all other texts.
func (p *process) stackKey(stack []string) []byte {
	p.trace.key = append(p.trace.key[:0], 0)
	for _, name := range stack {
		p.trace.key = append(append(p.trace.key, name...), 0)
	}
	return p.trace.key
}
