package lab

import (
	"reflect"
	"testing"
)

// The fields are those of Measures, by the names that JSON gives them.
func TestFieldsAreTheMeasures(t *testing.T) {
	var m Measures[int]
	v := reflect.ValueOf(&m).Elem()
	if v.NumField() != fields || len(MeasureHelp()) != fields {
		t.Fatalf("%d fields of %d, %d explained", fields, v.NumField(), len(MeasureHelp()))
	}
	names := map[string]bool{}
	for i, f := range Fields() {
		*m.At(f) = i + 1
		if got := int(v.Field(i).Int()); got != i+1 {
			t.Errorf("%s is not field %d", f, i)
		}
		if tag := v.Type().Field(i).Tag.Get("json"); tag != f.ID() {
			t.Errorf("%s: %q in JSON, ID %q", f, tag, f.ID())
		}
		help := MeasureHelp()[i]
		if help.Name != f.String() || help.What == "" || names[help.Name] {
			t.Errorf("%s: %+v", f, help)
		}
		names[help.Name] = true
	}
	for goal, want := range map[Goal]Field{GoalRES: Area, GoalLatency: LatencyP99, GoalCPU: CPU} {
		if goal.Of() != want {
			t.Errorf("%s by %s", goal, goal.Of())
		}
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Bytes, 12.1 * (1 << 20), "12.1 MiB"},
		{ByteSeconds, 412.34 * 60 * (1 << 20), "412.3 MiB·min"},
		{ByteSeconds, 0.4149 * 60 * (1 << 20), "0.41 MiB·min"},
		{After, 0, "0 µs"},
		{Latency, 850e3, "850 µs"},
		{Latency, 3.14e6, "3.1 ms"},
		{CPUTime, 99.96e6, "100 ms"},
		{CPUTime, 350e6, "350 ms"},
		{CPUTime, 999.6e6, "1.0 s"},
		{After, 59.96e9, "1m00s"},
		{After, 129e9, "2m09s"},
		{Count, 1234, "1234"},
	} {
		if got := c.unit.Text(c.value); got != c.want {
			t.Errorf("%v of unit %d: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
