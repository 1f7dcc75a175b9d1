package record

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"unicode/utf8"

	"whyres/collector/mem"
)

// agree holds the hand-written encoder to what encoding/json makes of the same
// event: the same fields, the same values.
func agree(t *testing.T, e *mem.Event) {
	t.Helper()
	got := appendEvent(nil, e)
	if !utf8.Valid(got) || bytes.ContainsAny(got, "\n\x1b\x00") {
		t.Fatalf("not one clean line: %q", got)
	}
	oracle, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := asMap(t, oracle)
	want["type"] = "event"
	if have := asMap(t, got); !reflect.DeepEqual(have, want) {
		t.Fatalf("fields differ:\n got %s\nwant %s", got, oracle)
	}
	var back, expect mem.Event
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(oracle, &expect); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, expect) {
		t.Fatalf("values differ:\n got %+v\nwant %+v", back, expect)
	}
}

// asMap decodes an object with its numbers as text, so that none is rounded.
func asMap(t *testing.T, text []byte) map[string]any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	m := make(map[string]any)
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return m
}

// filled sets every field of the event, those added later included, to what
// the source gives. It fails on kinds that it does not know.
func filled(t *testing.T, v reflect.Value, next func() uint64, text func() string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			filled(t, v.Field(i), next, text)
		}
	case reflect.Pointer:
		if v.SetZero(); next()%2 == 1 {
			v.Set(reflect.New(v.Type().Elem()))
			filled(t, v.Elem(), next, text)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), int(next()%4), 4))
		for i := range v.Len() {
			filled(t, v.Index(i), next, text)
		}
	case reflect.String:
		v.SetString(text())
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(next()))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(next())
	default:
		t.Fatalf("a field of kind %s: teach appendEvent and this test", v.Kind())
	}
}

func TestEventEncoderAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	numbers := func() uint64 {
		switch r.IntN(4) {
		case 0:
			return 0
		case 1:
			return math.MaxUint64 - r.Uint64N(2)
		case 2:
			return r.Uint64N(1000)
		}
		return r.Uint64()
	}
	texts := func() string {
		raw := make([]byte, r.IntN(12))
		for i := range raw {
			raw[i] = byte(r.IntN(256))
		}
		return []string{"", "MADV_FREE", "main.f", `q"\`, "\u2028é漢\x7f", string(raw)}[r.IntN(6)]
	}
	for range 800 {
		var e mem.Event
		filled(t, reflect.ValueOf(&e).Elem(), numbers, texts)
		agree(t, &e)
	}
	agree(t, &mem.Event{})
}

// TestEachFieldAlone: a field that is forgotten shows when it is the only one.
func TestEachFieldAlone(t *testing.T) {
	for i := range reflect.TypeFor[mem.Event]().NumField() {
		var e mem.Event
		n := uint64(0)
		next := func() uint64 { n++; return n }
		filled(t, reflect.ValueOf(&e).Elem().Field(i), next, func() string { return "x" })
		agree(t, &e)
	}
}

func FuzzEventEncoder(f *testing.F) {
	f.Add("main.f", "MADV_DONTNEED", "EINVAL", uint64(4096), int64(-4096))
	f.Add("\xff\x1b[31m\u2028", "\"", "\\", uint64(math.MaxUint64), int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, name, advice, errno string, u uint64, i int64) {
		agree(t, &mem.Event{
			At: mem.Instant(i), Dur: i, PID: int(i), Addr: mem.Addr(u), Len: u, Advice: advice, Errno: errno, Name: name,
			FD: int32(i), Attributed: i, Before: mem.RSS{Anon: i, Swap: i}, Go: mem.GoCounters{HeapFree: u},
			Stack: []string{name, advice}, Notes: []string{errno},
		})
	})
}

func hotEvent() *mem.Event {
	e := *handBuilt()[1].Event
	e.Stack = []string{
		"runtime.madvise", "runtime.sysUnusedOS", "runtime.sysUnused", "runtime.(*pageAlloc).scavengeOne",
		"runtime.(*pageAlloc).scavenge", "runtime.(*scavengerState).run", "runtime.bgscavenge",
	}
	return &e
}

// TestEventsAllocateNothing: 200,000 events a second must not make garbage.
func TestEventsAllocateNothing(t *testing.T) {
	w, err := NewWriter(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(handBuilt()[0]); err != nil {
		t.Fatal(err)
	}
	f := mem.Frame{Event: hotEvent()}
	if n := testing.AllocsPerRun(1000, func() { _ = w.Write(f) }); n > 0 {
		t.Errorf("%v allocations an event", n)
	}
}

func benchmarkWrite(b *testing.B, f mem.Frame, options ...WriterOption) {
	w, err := NewWriter(io.Discard, options...)
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Write(handBuilt()[0]); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(written(b, []mem.Frame{handBuilt()[0], f})) - len(written(b, handBuilt()[:1]))))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteEvent(b *testing.B)     { benchmarkWrite(b, mem.Frame{Event: hotEvent()}) }
func BenchmarkWriteEventZstd(b *testing.B) { benchmarkWrite(b, mem.Frame{Event: hotEvent()}, Zstd()) }
func BenchmarkWriteSample(b *testing.B)    { benchmarkWrite(b, handBuilt()[5]) }

func BenchmarkReadEvent(b *testing.B) {
	frames := []mem.Frame{handBuilt()[0]}
	for range 1000 {
		frames = append(frames, mem.Frame{Event: hotEvent()})
	}
	file := written(b, frames)
	b.ReportAllocs()
	for b.Loop() {
		got, _, err := readAll(b, bytes.NewReader(file))
		if err != nil || len(got) != 1001 {
			b.Fatal(err, len(got))
		}
	}
}

// fastAgrees holds the fast decoder to encoding/json: what it takes, it decodes
// to the same event.
func fastAgrees(t *testing.T, line []byte) (taken bool) {
	t.Helper()
	got, ok := decodeFast(line, new(interner))
	if !ok {
		return false
	}
	var want mem.Event
	if err := json.Unmarshal(line, &want); err != nil {
		t.Fatalf("the fast decoder takes what is no event: %v in %q", err, line)
	}
	if !reflect.DeepEqual(*got, want) {
		t.Fatalf("values differ in %q:\n got %+v\nwant %+v", line, *got, want)
	}
	return true
}

// TestFastDecoderTakesOurLines: every event that needs no escapes.
func TestFastDecoderTakesOurLines(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	numbers := func() uint64 { return []uint64{0, 1, math.MaxInt64, math.MaxUint64, r.Uint64()}[r.IntN(5)] }
	texts := func() string { return []string{"", "main.f", "漢é", "a b<c>&"}[r.IntN(4)] }
	for range 800 {
		var e mem.Event
		filled(t, reflect.ValueOf(&e).Elem(), numbers, texts)
		e.FD, e.TargetFD = int32(r.Uint32()), int32(r.Uint32())
		line := appendEvent(nil, &e)
		if e.Dur == math.MinInt64 {
			continue
		}
		if !fastAgrees(t, line) {
			t.Fatalf("not taken: %s", line)
		}
	}
}

func FuzzFastDecoder(f *testing.F) {
	for _, frame := range handBuilt()[1:5] {
		f.Add(appendEvent(nil, frame.Event))
	}
	f.Add([]byte(`{"type":"event","t":01,"dur_ns":-0`))
	f.Fuzz(func(t *testing.T, line []byte) { fastAgrees(t, line) })
}
