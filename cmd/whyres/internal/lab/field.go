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

// about is what is to be known of a field: its name in JSON and for people, what it
// counts in, and whether more of it is neither better nor worse.
type about struct {
	id, name string
	unit     Unit
	neutral  bool
}

func (f Field) about() about {
	return [fields]about{
		Peak:        {id: "res_peak", name: "peak RES", unit: Bytes},
		Rest:        {id: "res_rest", name: "RES at rest", unit: Bytes},
		Half:        {id: "half_ns", name: "half gone after", unit: After},
		NineTenths:  {id: "nine_tenths_ns", name: "nine tenths gone after", unit: After},
		Area:        {id: "area_byte_seconds", name: "area under RES", unit: ByteSeconds},
		GCCPU:       {id: "gc_cpu_ns", name: "CPU of the GC", unit: CPUTime},
		ScavengeCPU: {id: "scavenge_cpu_ns", name: "CPU of the scavenger", unit: CPUTime},
		CPU:         {id: "gc_and_scavenge_cpu_ns", name: "CPU of GC and scavenger", unit: CPUTime},
		ProcessCPU:  {id: "process_cpu_ns", name: "CPU in all", unit: CPUTime},
		LatencyP50:  {id: "latency_p50_ns", name: "latency p50", unit: Latency},
		LatencyP99:  {id: "latency_p99_ns", name: "latency p99", unit: Latency},
		Refaulted:   {id: "refaulted", name: "taken again", unit: Bytes},
		Faults:      {id: "faults", name: "page faults", unit: Count},
		Asked:       {id: "asked", name: "asked to release", unit: Bytes, neutral: true},
		LeftRES:     {id: "left_res", name: "left RES", unit: Bytes, neutral: true},
	}[f]
}

// Unit of the field.
func (f Field) Unit() Unit { return f.about().unit }

// Neutral reports that more of it is neither better nor worse. Of all else less is
// better.
func (f Field) Neutral() bool { return f.about().neutral }

// ID is the field's name in JSON.
func (f Field) ID() string { return f.about().id }

// String is the field's name for people.
func (f Field) String() string { return f.about().name }

// Of is what a goal is judged by.
func (g Goal) Of() Field {
	switch g {
	case GoalLatency:
		return LatencyP99
	case GoalCPU:
		return CPU
	case GoalTime:
		return NineTenths
	case GoalRES:
	}
	return Area
}

// Goals are those that can be asked for.
func Goals() []Goal { return []Goal{GoalRES, GoalTime, GoalLatency, GoalCPU} }
