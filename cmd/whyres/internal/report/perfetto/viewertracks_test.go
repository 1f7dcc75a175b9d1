package perfetto

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// state follows what later packets of a sequence refer to.
func (v *viewer) state(t testing.TB, p protoreflect.Message, sequence uint64) {
	t.Helper()
	if sequence == 0 {
		t.Fatal("a packet without a sequence")
	}
	flags := number(p, "sequence_flags")
	if flags&1 != 0 {
		if v.cleared[sequence] {
			t.Errorf("sequence %d is begun twice", sequence)
		}
		v.cleared[sequence] = true
	} else if flags&2 == 0 || !v.cleared[sequence] {
		t.Errorf("sequence %d refers to what it never said", sequence)
	}
	if dotted(p, "trace_packet_defaults").IsValid() {
		if clock := number(p, "trace_packet_defaults.timestamp_clock_id"); clock != 3 {
			t.Errorf("clock %d is not CLOCK_MONOTONIC", clock)
		}
		v.extra[sequence] = nil
		each(p, "trace_packet_defaults.track_event_defaults.extra_counter_track_uuids", func(u protoreflect.Value) {
			v.extra[sequence] = append(v.extra[sequence], u.Uint())
		})
	}
	for table, field := range map[protoreflect.Name]string{
		"event_categories": "name", "event_names": "name", "debug_annotation_names": "name", "debug_annotation_string_values": "str", "function_names": "str",
	} {
		each(p, "interned_data."+string(table), func(entry protoreflect.Value) {
			at := text{sequence, table, number(entry.Message(), "iid")}
			if _, twice := v.texts[at]; twice || at.id == 0 {
				t.Errorf("%v is given twice", at)
			}
			value := dotted(entry.Message(), field)
			switch s := value.Interface().(type) {
			case string:
				v.texts[at] = s
			case []byte:
				v.texts[at] = string(s)
			default:
				v.texts[at] = ""
			}
		})
	}
}

// stacks follows frames and callstacks.
func (v *viewer) stacks(t testing.TB, p protoreflect.Message, sequence uint64) {
	t.Helper()
	each(p, "interned_data.frames", func(f protoreflect.Value) {
		at := text{sequence, "frames", number(f.Message(), "iid")}
		v.texts[at] = v.text(t, text{sequence, "function_names", number(f.Message(), "function_name_id")})
	})
	each(p, "interned_data.callstacks", func(c protoreflect.Value) {
		at := text{sequence, "callstacks", number(c.Message(), "iid")}
		each(c.Message(), "frame_ids", func(id protoreflect.Value) { v.frames[at] = append(v.frames[at], id.Uint()) })
	})
}

func (v *viewer) describe(p protoreflect.Message) {
	each2 := func(c protoreflect.Value) {
		v.clocks[number(c.Message(), "clock_id")] = number(c.Message(), "timestamp")
	}
	each(p, "clock_snapshot.clocks", each2)
	if primary := dotted(p, "clock_snapshot.primary_trace_clock"); primary.IsValid() {
		v.primary = primary.Enum()
	}
	if release := dotted(p, "system_info.utsname.release"); release.IsValid() {
		v.release = release.String()
	}
	if !dotted(p, "track_descriptor").IsValid() {
		return
	}
	d := dotted(p, "track_descriptor").Message()
	track := v.tracks[number(d, "uuid")]
	if track == nil {
		track = &viewed{}
		v.tracks[number(d, "uuid")] = track
	}
	track.parent = number(d, "parent_uuid")
	if name := dotted(d, "name"); name.IsValid() {
		track.name = name.String()
	}
	switch {
	case dotted(d, "process").IsValid():
		track.kind, track.pid = "process", int64(number(d, "process.pid"))
		if name := dotted(d, "process.process_name"); name.IsValid() {
			track.process = name.String()
		}
		each(d, "process.process_labels", func(l protoreflect.Value) { track.labels = append(track.labels, l.String()) })
	case dotted(d, "thread").IsValid():
		track.kind, track.pid, track.tid = "thread", int64(number(d, "thread.pid")), int64(number(d, "thread.tid"))
	case dotted(d, "counter").IsValid():
		track.kind = "counter"
	}
}
