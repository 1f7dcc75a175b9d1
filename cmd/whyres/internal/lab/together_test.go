package lab

import (
	"math/rand/v2"
	"strings"
	"testing"

	"whyres/collector/mem"
)

func readings(pairs ...int64) *Readings {
	r := &Readings{}
	for i := 0; i < len(pairs); i += 2 {
		r.Read(mem.Instant(pairs[i]), pairs[i+1])
	}
	return r
}

func TestSum(t *testing.T) {
	for _, c := range []struct {
		name    string
		servers []*Readings
		want    Together
	}{
		{"none", nil, Together{}},
		{"one", []*Readings{readings(0, 5, 9, 3)}, Together{5, 5}},
		{"an empty one", []*Readings{readings(), readings(1, 7)}, Together{7, 7}},
		{"one after the other", []*Readings{readings(0, 1, 10, 100, 20, 2), readings(5, 1, 30, 80, 40, 3)}, Together{101, 180}},
		{"at once", []*Readings{readings(0, 1, 10, 100, 20, 2), readings(15, 80, 40, 3)}, Together{180, 180}},
		{"as the one ends", []*Readings{readings(0, 100, 20, 2), readings(0, 1, 20, 80)}, Together{101, 180}},
		{"a peak within an instant", []*Readings{readings(0, 1, 20, 50, 20, 2), readings(0, 1, 20, 80)}, Together{130, 130}},
		{"overlapping calls", []*Readings{readings(10, 5, 8, 50), readings(9, 100, 10, 2)}, Together{100, 150}},
	} {
		if got := Sum(c.servers...); *got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, *got, c.want)
		}
	}
}

// Against a walk over every instant.
func TestSumOfRandomServers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		const end = 60
		servers := make([]*Readings, 2+r.IntN(2))
		res := make([][end]int64, len(servers))
		want := Together{}
		for i := range servers {
			servers[i] = &Readings{}
			now, peak := int64(0), int64(0)
			for at := range end {
				if r.IntN(3) == 0 {
					now = 1 + r.Int64N(100)
					servers[i].Read(mem.Instant(at), now)
				}
				res[i][at], peak = now, max(peak, now)
			}
			want.SumOfPeaks += peak
		}
		for at := range end {
			sum := int64(0)
			for i := range servers {
				sum += res[i][at]
			}
			want.PeakOfSum = max(want.PeakOfSum, sum)
		}
		if got := Sum(servers...); *got != want {
			t.Fatalf("%+v, want %+v", *got, want)
		}
	}
}

func TestCombine(t *testing.T) {
	a := done(1, 100).with(Half, 3e9).with(LatencyP99, 9e6).with(Asked, 10)
	b := done(1, 80).with(Half, 5e9).with(LatencyP99, 4e6).with(Asked, 7).without(GCCPU, "stripped")
	a.Recordings, b.Recordings = []string{"a"}, []string{"b"}
	a.Notes, b.Notes = []string{"same"}, []string{"same", "other"}
	got := Combine(&Together{PeakOfSum: 110 * mib, SumOfPeaks: 180 * mib}, a, b)
	for f, want := range map[Field]float64{
		Peak: 110 * float64(mib), Half: 5e9, LatencyP99: 9e6, Asked: 17, Area: 180 * 60 * float64(mib), Rest: 2e9,
	} {
		if v := *got.Measures.At(f); v == nil || *v != want {
			t.Errorf("%s: %v, want %v", f, v, want)
		}
	}
	if got.Measures.GCCPU != nil || got.Unknown[GCCPU.ID()] != "stripped" || len(got.Unknown) != 1 {
		t.Errorf("what one does not know: %v, %v", got.Measures.GCCPU, got.Unknown)
	}
	if strings.Join(got.Recordings, " ") != "a b" || strings.Join(got.Notes, " ") != "same other" {
		t.Errorf("%v, %v", got.Recordings, got.Notes)
	}
	if *a.Measures.Peak != 100*float64(mib) {
		t.Error("a server's own run was changed")
	}
	b.Status, b.Problem = StatusFailed, "died"
	if got := Combine(nil, a, b); got.Status != StatusFailed || got.Problem != "died" {
		t.Errorf("%s %q", got.Status, got.Problem)
	}
}
