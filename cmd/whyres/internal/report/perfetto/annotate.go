package perfetto

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
