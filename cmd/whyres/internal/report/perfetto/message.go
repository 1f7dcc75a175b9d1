package perfetto

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a protobuf message that is being written.
type message struct{ b []byte }

// uint appends a field of any of the unsigned, enum or bool types.
func (m *message) uint(field protowire.Number, v uint64) {
	m.b = protowire.AppendVarint(protowire.AppendTag(m.b, field, protowire.VarintType), v)
}

// int appends a field of int32 or int64, which negative numbers take ten bytes of.
func (m *message) int(field protowire.Number, v int64) { m.uint(field, uint64(v)) }

// double appends a field of that type.
func (m *message) double(field protowire.Number, v float64) {
	m.b = protowire.AppendFixed64(protowire.AppendTag(m.b, field, protowire.Fixed64Type), math.Float64bits(v))
}

// text appends a string, which must be valid UTF-8, unless it is empty.
func (m *message) text(field protowire.Number, s string) {
	if s != "" {
		m.b = protowire.AppendString(protowire.AppendTag(m.b, field, protowire.BytesType), s)
	}
}

// nest appends a message that fill appends the fields of. Its size is known only
// afterwards: the fields make room for it then.
func (m *message) nest(field protowire.Number, fill func()) {
	m.b = protowire.AppendTag(m.b, field, protowire.BytesType)
	begin := len(m.b)
	fill()
	size := len(m.b) - begin
	room := protowire.SizeVarint(uint64(size))
	m.b = append(m.b, make([]byte, room)...)
	copy(m.b[begin+room:], m.b[begin:begin+size])
	protowire.AppendVarint(m.b[:begin], uint64(size))
}
