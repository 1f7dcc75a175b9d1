package perfetto

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// viewer reads a trace as Perfetto's documentation says that viewers do: texts by
// the numbers that their sequence gave them, packets in order of time, slices by
// the nesting of begins and ends on a track. It shares no code with what writes.
type viewer struct {
	tracks  map[uint64]*viewed
	clocks  map[uint64]uint64
	primary protoreflect.EnumNumber
	release string
	cleared map[uint64]bool
	texts   map[text]string
	frames  map[text][]uint64
	extra   map[uint64][]uint64
}

// text is where an interned text is found.
type text struct {
	sequence uint64
	table    protoreflect.Name
	id       uint64
}

// viewed is a track with all that is on it.
type viewed struct {
	name, process, kind string
	labels              []string
	pid, tid            int64
	parent              uint64
	events              []*shown // slices and instants, in order of time
	open                []*shown
	readings            []reading
}

type shown struct {
	name, category string
	begin, end     uint64
	instant        bool
	args           map[string]any
	stack          []string // root first
	weight         float64
}

type reading struct {
	at uint64
	v  int64
}

// dotted gets a field by a path of names; invalid where it is not set.
func dotted(m protoreflect.Message, path string) protoreflect.Value {
	for {
		name, rest, more := strings.Cut(path, ".")
		f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if f == nil || !f.IsList() && !m.Has(f) {
			return protoreflect.Value{}
		}
		if !more {
			return m.Get(f)
		}
		m, path = m.Get(f).Message(), rest
	}
}

func number(m protoreflect.Message, path string) uint64 {
	if v := dotted(m, path); v.IsValid() {
		if n, signed := v.Interface().(int64); signed {
			return uint64(n)
		}
		if n, signed := v.Interface().(int32); signed {
			return uint64(n)
		}
		return v.Uint()
	}
	return 0
}

func each(m protoreflect.Message, path string, f func(protoreflect.Value)) {
	v := dotted(m, path)
	if !v.IsValid() {
		return
	}
	for i := range v.List().Len() {
		f(v.List().Get(i))
	}
}

func view(t testing.TB, schema protoreflect.MessageDescriptor, trace []byte) *viewer {
	t.Helper()
	v := &viewer{
		tracks: map[uint64]*viewed{}, clocks: map[uint64]uint64{}, cleared: map[uint64]bool{},
		texts: map[text]string{}, frames: map[text][]uint64{}, extra: map[uint64][]uint64{},
	}
	type dated struct {
		at       uint64
		sequence uint64
		event    protoreflect.Message
	}
	var events []dated
	for _, p := range packets(t, schema, trace) {
		sequence := number(p, "trusted_packet_sequence_id")
		v.state(t, p, sequence)
		v.stacks(t, p, sequence)
		v.describe(p)
		if e := dotted(p, "track_event"); e.IsValid() {
			events = append(events, dated{number(p, "timestamp"), sequence, e.Message()})
		}
	}
	slices.SortStableFunc(events, func(a, b dated) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	for _, e := range events {
		v.event(t, e.at, e.sequence, e.event)
	}
	for _, track := range v.tracks {
		if len(track.open) > 0 {
			t.Errorf("%d slices of %q never end", len(track.open), track.name)
		}
	}
	return v
}

func (v *viewer) event(t testing.TB, at, sequence uint64, e protoreflect.Message) {
	t.Helper()
	track := v.tracks[number(e, "track_uuid")]
	if track == nil {
		t.Fatalf("an event on a track that is not described: %v", e)
	}
	place := 0
	each(e, "extra_counter_values", func(value protoreflect.Value) {
		counter := v.tracks[v.extra[sequence][place]]
		counter.readings = append(counter.readings, reading{at, value.Int()})
		place++
	})
	if place > 8 {
		t.Errorf("%d values beside an event: viewers take 8", place)
	}
	switch kind := dotted(e, "type").Enum(); kind {
	case 1, 3:
		s := &shown{begin: at, end: at, instant: kind == 3, args: map[string]any{}}
		s.name = v.named(t, e, sequence, "name", "event_names")
		each(e, "category_iids", func(id protoreflect.Value) { s.category = v.text(t, text{sequence, "event_categories", id.Uint()}) })
		each(e, "categories", func(c protoreflect.Value) { s.category = c.String() })
		each(e, "debug_annotations", func(a protoreflect.Value) {
			s.args[v.named(t, a.Message(), sequence, "name", "debug_annotation_names")] = v.value(t, a.Message(), sequence)
		})
		for _, id := range v.frames[text{sequence, "callstacks", number(e, "callstack_iid")}] {
			s.stack = append(s.stack, v.text(t, text{sequence, "frames", id}))
		}
		if w := dotted(e, "callstack_weight"); w.IsValid() {
			s.weight = w.Float()
		}
		track.events = append(track.events, s)
		if kind == 1 {
			track.open = append(track.open, s)
		}
	case 2:
		last := len(track.open) - 1
		if last < 0 {
			t.Fatal("an end without a begin")
		}
		track.open[last].end = at
		track.open = track.open[:last]
	case 4:
		track.readings = append(track.readings, reading{at, int64(number(e, "counter_value"))})
	default:
		t.Errorf("an event of type %d", kind)
	}
}

func (v *viewer) text(t testing.TB, at text) string {
	t.Helper()
	s, known := v.texts[at]
	if !known {
		t.Fatalf("%v was never given", at)
	}
	return s
}

func (v *viewer) named(t testing.TB, m protoreflect.Message, sequence uint64, field string, table protoreflect.Name) string {
	t.Helper()
	if id := number(m, field+"_iid"); id != 0 {
		return v.text(t, text{sequence, table, id})
	}
	if name := dotted(m, field); name.IsValid() {
		return name.String()
	}
	return ""
}

// value is of an annotation: uint64, int64, string or a list of strings.
func (v *viewer) value(t testing.TB, a protoreflect.Message, sequence uint64) any {
	t.Helper()
	for _, name := range []string{"uint_value", "pointer_value", "int_value", "string_value"} {
		if value := dotted(a, name); value.IsValid() {
			return value.Interface()
		}
	}
	if id := number(a, "string_value_iid"); id != 0 {
		return v.text(t, text{sequence, "debug_annotation_string_values", id})
	}
	var list []string
	each(a, "array_values", func(item protoreflect.Value) {
		list = append(list, v.value(t, item.Message(), sequence).(string))
	})
	if list == nil {
		return ""
	}
	return list
}

// of finds the only track of a kind: by pid and tid, or by name.
func (v *viewer) of(t testing.TB, match func(*viewed) bool) *viewed {
	t.Helper()
	var found *viewed
	for _, track := range v.tracks {
		if match(track) {
			if found != nil {
				t.Fatal("two such tracks")
			}
			found = track
		}
	}
	if found == nil {
		t.Fatal("no such track")
	}
	return found
}

func (v *viewer) process(t testing.TB, pid int64) *viewed {
	t.Helper()
	return v.of(t, func(track *viewed) bool { return track.kind == "process" && track.pid == pid })
}

func (v *viewer) thread(t testing.TB, tid int64) *viewed {
	t.Helper()
	return v.of(t, func(track *viewed) bool { return track.kind == "thread" && track.tid == tid })
}

// under finds a track of a process by its name.
func (v *viewer) under(t testing.TB, pid int64, name string) *viewed {
	t.Helper()
	process := v.process(t, pid)
	return v.of(t, func(track *viewed) bool { return track.name == name && v.tracks[track.parent] == process })
}

// calls are all slices and instants that ask for something.
func (v *viewer) calls() []*shown {
	var out []*shown
	for _, track := range v.tracks {
		for _, e := range track.events {
			if _, asked := e.args["asked"]; asked {
				out = append(out, e)
			}
		}
	}
	return out
}
