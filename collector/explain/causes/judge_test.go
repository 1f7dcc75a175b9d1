package causes

import (
	"testing"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

const mib = 1 << 20

// judged has three leaves of 40, 30 and 20 MiB below two parents, and 10 MiB of
// another.
func facts() *Facts {
	return &Facts{
		Sample: &mem.Sample{},
		Ledger: ledger.Ledger{RES: 100 * mib, Parts: []ledger.Part{
			{ID: "heap", Bytes: 90 * mib},
			{ID: "heap.idle", Parent: "heap", Bytes: 70 * mib},
			{ID: ledger.IdleDense, Parent: "heap.idle", Bytes: 40 * mib},
			{ID: ledger.IdleGoal, Parent: "heap.idle", Bytes: 30 * mib},
			{ID: ledger.HeapLive, Parent: "heap", Bytes: 20 * mib},
			{ID: ledger.Unexplained, Bytes: 10 * mib},
		}},
	}
}

func finds(id string, found *Finding) Cause {
	return Cause{ID: id, Find: func(*Facts) *Finding { return found }}
}

func TestJudge(t *testing.T) {
	take := func(c Confidence, leaf string, m int64) *Finding {
		return &Finding{Confidence: c, Takes: []Take{{leaf, m * mib}}}
	}
	for _, tt := range []struct {
		name      string
		catalogue []Cause
		want      string // ids in order
		bytes     []int64
		healthy   int64
	}{
		{"nothing", []Cause{{ID: "unseen"}, finds("none", nil)}, "", nil, 100},
		{"one", []Cause{finds("a", take(Proved, ledger.IdleDense, 40))}, "a ", []int64{40}, 60},
		{"no byte twice: the first in the catalogue has it", []Cause{
			finds("a", take(Possible, ledger.IdleDense, 30)), finds("b", take(Proved, ledger.IdleDense, 40)),
		}, "b a ", []int64{10, 30}, 60},
		{"no more than there is", []Cause{finds("a", take(Likely, ledger.HeapLive, 500))}, "a ", []int64{20}, 80},
		{"twice from one leaf", []Cause{finds("a", &Finding{Confidence: Proved, Takes: []Take{{ledger.HeapLive, 15 * mib}, {ledger.HeapLive, 15 * mib}}})}, "a ", []int64{20}, 80},
		{"a parent is no leaf", []Cause{finds("a", take(Proved, "heap", 50))}, "", nil, 100},
		{"too little to tell", []Cause{finds("a", take(Proved, ledger.HeapLive, 4)), finds("b", take(Proved, ledger.HeapLive, 20))}, "b ", []int64{20}, 80},
		{"too little, told all the same", []Cause{finds("a", &Finding{Confidence: Likely, Always: true})}, "a ", []int64{0}, 100},
		{"beside RES", []Cause{finds("a", &Finding{Confidence: Proved, Beside: 50 * mib}), finds("b", take(Likely, ledger.HeapLive, 20))}, "b a ", []int64{20, 0}, 80},
		{"negative", []Cause{finds("a", take(Proved, ledger.HeapLive, -5))}, "", nil, 100},
		{"the largest first, what is possible last", []Cause{
			finds("a", take(Possible, ledger.IdleDense, 40)), finds("b", take(Likely, ledger.HeapLive, 20)), finds("c", take(Proved, ledger.IdleGoal, 30)),
		}, "c b a ", []int64{30, 20, 40}, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := Judge(tt.catalogue, facts())
			got, sum := "", j.Healthy
			for i, c := range j.Causes {
				got += c.ID + " "
				sum += c.Bytes
				if i < len(tt.bytes) && c.Bytes != tt.bytes[i]*mib {
					t.Errorf("%s holds %s, want %d MiB", c.ID, size(c.Bytes), tt.bytes[i])
				}
				if Total(c.Takes) != c.Bytes {
					t.Errorf("%s holds %s, its takes %s", c.ID, size(c.Bytes), size(Total(c.Takes)))
				}
			}
			if got != tt.want || j.Healthy != tt.healthy*mib {
				t.Errorf("causes %q, want %q; healthy %s, want %d MiB", got, tt.want, size(j.Healthy), tt.healthy)
			}
			if sum != 100*mib {
				t.Errorf("all sum to %s, RES is 100 MiB", size(sum))
			}
		})
	}
}
