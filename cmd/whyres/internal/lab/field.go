package lab

// Field is one of the measures, as they stand in Measures.
type Field int

// The fields, in the order of Measures.
const (
	Peak Field = iota
	Rest
	Half
	NineTenths
	Area
	GCCPU
	ScavengeCPU
	CPU
	ProcessCPU
	LatencyP50
	LatencyP99
	Refaulted
	Faults
	Asked
	LeftRES
)

// fields is how many there are.
const fields = int(LeftRES) + 1

// Fields are all of them in order.
func Fields() []Field {
	out := make([]Field, fields)
	for i := range out {
		out[i] = Field(i)
	}
	return out
}

// At is the field's place.
func (m *Measures[T]) At(f Field) *T {
	return [fields]*T{
		&m.Peak, &m.Rest, &m.Half, &m.NineTenths, &m.Area,
		&m.GCCPU, &m.ScavengeCPU, &m.CPU, &m.ProcessCPU,
		&m.LatencyP50, &m.LatencyP99, &m.Refaulted, &m.Faults, &m.Asked, &m.LeftRES,
	}[f]
}

// Unit is what a field counts in.
type Unit int

// The units: bytes; ns after the burst; byte seconds; ns of CPU; ns of a
// connection; a number.
const (
	Bytes Unit = iota
	After
	ByteSeconds
	CPUTime
	Latency
	Count
)

// Unit of the field.
func (f Field) Unit() Unit {
	switch f {
	case Half, NineTenths:
		return After
	case Area:
		return ByteSeconds
	case GCCPU, ScavengeCPU, CPU, ProcessCPU:
		return CPUTime
	case LatencyP50, LatencyP99:
		return Latency
	case Faults:
		return Count
	}
	return Bytes
}

// Neutral reports that more of it is neither better nor worse. Of all else less is
// better.
func (f Field) Neutral() bool { return f == Asked || f == LeftRES }

// ID is the field's name in JSON.
func (f Field) ID() string {
	return [fields]string{
		"res_peak", "res_rest", "half_ns", "nine_tenths_ns", "area_byte_seconds",
		"gc_cpu_ns", "scavenge_cpu_ns", "gc_and_scavenge_cpu_ns", "process_cpu_ns",
		"latency_p50_ns", "latency_p99_ns", "refaulted", "faults", "asked", "left_res",
	}[f]
}

// String is the field's name for people.
func (f Field) String() string {
	return [fields]string{
		"peak RES", "RES at rest", "half gone after", "nine tenths gone after", "area under RES",
		"CPU of the GC", "CPU of the scavenger", "CPU of GC and scavenger", "CPU in all",
		"latency p50", "latency p99", "taken again", "page faults", "asked to release", "left RES",
	}[f]
}

// Of is what a goal is judged by.
func (g Goal) Of() Field {
	switch g {
	case GoalLatency:
		return LatencyP99
	case GoalCPU:
		return CPU
	case GoalRES:
	}
	return Area
}

// Goals are those that can be asked for.
func Goals() []Goal { return []Goal{GoalRES, GoalLatency, GoalCPU} }
