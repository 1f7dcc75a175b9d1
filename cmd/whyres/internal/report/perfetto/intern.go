package perfetto

import (
	"google.golang.org/protobuf/encoding/protowire"

	"whyres/cmd/whyres/internal/timeline"
)

// Bounds on names. A name is cut after so many columns, twice what whyres records;
// once the names that are kept hold so many bytes, further ones are written out each
// time.
const (
	maxName = 400
	maxText = 64 << 20
)

// clean makes text of the target fit for the format, which wants UTF-8.
func clean(text string) string { return timeline.Clean(text, maxName) }

// table is one of the tables of texts that a sequence of packets refers to by
// numbers, from 1.
type table struct {
	field protowire.Number // of InternedData
	ids   map[string]uint64
}

// tables are those of one sequence.
type tables struct {
	categories, names, annotations, texts table
	functions, frames, callstacks         table

	fresh message // InternedData that goes out with the next packet
}

func newTables() tables {
	of := func(field protowire.Number) table { return table{field, map[string]uint64{}} }
	return tables{
		categories: of(internedCategories), names: of(internedEventNames),
		annotations: of(internedAnnotationNames), texts: of(internedAnnotationStrings),
		functions: of(internedFunctions), frames: of(internedFrames), callstacks: of(internedCallstacks),
	}
}

// id is the number of an entry, by what it is kept under; fill appends the fields of
// a new one. It is false when there is no room for one more.
func (p *process) id(t *table, key []byte, fill func(m *message)) (uint64, bool) {
	if id := t.ids[string(key)]; id != 0 {
		return id, true
	}
	if p.trace.text+len(key) > maxText {
		return 0, false
	}
	p.trace.text += len(key)
	id := uint64(len(t.ids)) + 1
	t.ids[string(key)] = id
	p.fresh.nest(t.field, func() {
		p.fresh.uint(internedIID, id)
		fill(&p.fresh)
	})
	return id, true
}

// name appends a text by its number, or itself where that has none.
func (p *process) name(t *table, text string, byID, asIs protowire.Number) {
	m := &p.trace.packet
	p.trace.key = append(p.trace.key[:0], text...)
	if id, ok := p.id(t, p.trace.key, func(m *message) { m.text(internedText, clean(text)) }); ok {
		m.uint(byID, id)
		return
	}
	m.text(asIs, clean(text))
}
