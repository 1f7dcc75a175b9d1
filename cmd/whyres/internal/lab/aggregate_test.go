package lab

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{7}, Spread{7, 7, 7, 1}},
		{[]float64{9, 1}, Spread{5, 1, 9, 2}},
		{[]float64{9, 1, 2}, Spread{2, 1, 9, 3}},
		{[]float64{4, 9, 1, 2}, Spread{3, 1, 9, 4}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.values, got, c.want)
		}
	}
}

func one(v float64) Spread         { return Spread{v, v, v, 1} }
func two(v float64) Spread         { return Spread{v, v, v, 2} }
func three(a, b, c float64) Spread { return Spread{b, a, c, 3} }

func TestDiffer(t *testing.T) {
	m := float64(mib)
	for _, c := range []struct {
		name string
		unit Unit
		a, b Spread
		want int
	}{
		{"2 % of a size", Bytes, two(98 * m), two(100 * m), 0},
		{"more than that", Bytes, two(97.9 * m), two(100 * m), -1},
		{"256 KiB", Bytes, two(1.25 * m), two(1 * m), 0},
		{"a little more", Bytes, two(1.26 * m), two(1 * m), 1},
		{"runs that overlap", Bytes, three(80*m, 90*m, 101*m), three(100*m, 110*m, 120*m), 0},
		{"one within the other", Bytes, three(80*m, 90*m, 120*m), one(110 * m), 0},
		{"runs apart", Bytes, three(85*m, 90*m, 95*m), three(100*m, 110*m, 115*m), -1},
		{"runs apart by less than the jitter", Bytes, three(100*m, 100.1*m, 100.2*m), three(100.3*m, 100.4*m, 100.5*m), 0},
		{"50 ms", After, two(40e6), two(0), 0},
		{"more than 50 ms", After, two(51e6), two(0), 1},
		{"5 % of a time", After, two(95.1e9), two(100e9), 0},
		{"less", After, two(94e9), two(100e9), -1},
		{"20 ms of CPU", CPUTime, two(20e6), two(0), 0},
		{"5 % of CPU", CPUTime, two(1.06e9), two(1e9), 1},
		{"a fifth of a latency", Latency, two(3.6e6), two(3e6), 0},
		{"more", Latency, two(4e6), two(3e6), 1},
		{"5 % of an area", ByteSeconds, two(95), two(100), 0},
		{"more of an area", ByteSeconds, two(94.9), two(100), -1},
		{"runs apart by less than each lies", Latency, three(0.53e6, 0.69e6, 0.83e6), three(0.47e6, 0.48e6, 0.51e6), 0},
		{"by more", Latency, three(0.63e6, 0.69e6, 0.73e6), three(0.47e6, 0.48e6, 0.51e6), 1},
		{"one run, a tenth of a size", Bytes, one(90 * m), one(100 * m), 0},
		{"one run, more of a size", Bytes, one(89 * m), one(100 * m), -1},
		{"one run beside three, a tenth of an area", ByteSeconds, one(90), three(99.9, 100, 100.1), 0},
		{"one run, a third of a time", After, one(4.9e9), one(7e9), 0},
		{"one run, more of a time", After, one(4.6e9), one(7e9), -1},
		{"few faults", Count, one(100), one(0), 0},
	} {
		if got, back := differ(c.unit, c.a, c.b), differ(c.unit, c.b, c.a); got != c.want || back != -c.want {
			t.Errorf("%s: %d and %d, want %d", c.name, got, back, c.want)
		}
	}
}

// shuffled is the lab with its runs added in some order.
func shuffled(t *testing.T, r *rand.Rand, runs map[string][]Run) *Result {
	t.Helper()
	type item struct {
		id  string
		run Run
	}
	var items []item
	for id, of := range runs {
		for _, run := range of {
			items = append(items, item{id, run})
		}
	}
	r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	lab := labOf(t, 4, Default, gogc50, gogc25, freeOnce)
	for _, x := range items {
		if !lab.Add(x.id, x.run) {
			t.Fatal(x.id)
		}
	}
	return lab
}

// The verdict is that of the runs, not of the order in which they came; a median
// lies within its runs.
func TestJudgingIsIndependentOfOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		runs := map[string][]Run{}
		for _, id := range []string{Default, gogc50, gogc25, freeOnce} {
			for n := range r.IntN(4) + 1 {
				run := done(n+1, 10+r.Float64()*30)
				switch r.IntN(6) {
				case 0:
					run = Run{Number: n + 1, Status: StatusFailed, Problem: "died"}
				case 1:
					run = run.without(Area, "not read")
				}
				runs[id] = append(runs[id], run)
			}
		}
		a, b := shuffled(t, r, runs), shuffled(t, r, runs)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v\nand %+v", a, b)
		}
		checkRows(t, a)
	}
}

func checkRows(t *testing.T, lab *Result) {
	t.Helper()
	for i := range lab.Rows {
		w := &lab.Rows[i]
		for _, f := range Fields() {
			s := *w.Measures.At(f)
			if values := w.known(f); len(values) != s.N {
				t.Errorf("%s, %s: %d runs, %+v", w.ID, f, len(values), s)
			} else if s.N > 0 && (s.Min != slices.Min(values) || s.Max != slices.Max(values) || s.Median < s.Min || s.Median > s.Max) {
				t.Errorf("%s, %s: %v gave %+v", w.ID, f, values, s)
			}
			if sign := *w.Against.At(f); w.ID == Default && sign != nil && *sign != 0 {
				t.Errorf("the default differs from itself in %s", f)
			}
		}
		if i == 0 {
			continue
		}
		before := &lab.Rows[i-1]
		if before.class(Area) > w.class(Area) || before.class(Area) == w.class(Area) && before.Measures.Area.Median > w.Measures.Area.Median {
			t.Errorf("%s stands before %s", before.ID, w.ID)
		}
	}
}

func TestStates(t *testing.T) {
	failed := done(1, 99) // up to where it failed
	failed.Status, failed.Problem = StatusFailed, "died"
	refused := Run{Status: StatusRefused, Problem: "EINVAL"}
	for name, c := range map[string]struct {
		runs    []Run
		state   Status
		problem string
	}{
		"none":            {nil, StatusPending, ""},
		"done":            {[]Run{done(1, 1)}, StatusDone, ""},
		"done and failed": {[]Run{failed, done(2, 1)}, StatusDone, "died"},
		"failed":          {[]Run{failed, failed}, StatusFailed, "died"},
		"refused":         {[]Run{refused}, StatusRefused, "EINVAL"},
	} {
		w := Row{Runs: c.runs}
		if w.gather(); w.Status != c.state || w.Problem != c.problem {
			t.Errorf("%s: %s %q", name, w.Status, w.Problem)
		}
		if n := w.Measures.Peak.N; (n == 1) != (c.state == StatusDone) {
			t.Errorf("%s: the peak of %d runs", name, n)
		}
	}
}

// What is at least so much may be more: no less than another, and not the same.
func TestAtLeastIsNotLess(t *testing.T) {
	least := func(r Run) Run { r.AtLeast = []string{CPU.ID()}; return r }
	for _, c := range []struct {
		base, row Run
		want      string
	}{
		{done(1, 1), least(done(1, 1).with(CPU, 2e9)), "more"},
		{done(1, 1), least(done(1, 1).with(CPU, 1e9)), "unknown"},
		{done(1, 1), least(done(1, 1).with(CPU, 0.5e9)), "unknown"},
		{least(done(1, 1)), done(1, 1).with(CPU, 2e9), "unknown"},
		{least(done(1, 1)), done(1, 1).with(CPU, 0.5e9), "less"},
		{least(done(1, 1)), least(done(1, 1).with(CPU, 0.5e9)), "unknown"},
	} {
		r := labOf(t, 1, Default, gogc50)
		r.Add(Default, c.base)
		r.Add(gogc50, c.row)
		got := "unknown"
		if sign := r.Row(gogc50).Against.CPU; sign != nil {
			got = map[int]string{-1: "less", 0: "same", 1: "more"}[*sign]
		}
		if got != c.want {
			t.Errorf("%v beside %v: %s, want %s", *c.row.Measures.CPU, *c.base.Measures.CPU, got, c.want)
		}
	}
}
