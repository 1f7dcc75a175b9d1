package explain

import (
	"strings"
	"testing"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

func TestSentencesNameNoPartOfAMovingRES(t *testing.T) {
	v := Verdict{RES: 10 << 20, Ledger: []ledger.Part{
		{ID: ledger.HeapLive, Bytes: 13 << 20}, {ID: ledger.Unexplained, Bytes: -3 << 20},
	}}
	got := Sentences(&v)
	if len(got) != 1 || !strings.Contains(got[0], "on the move") || strings.Contains(got[0], "%") {
		t.Errorf("%q", got)
	}
	v.Ledger[0].Bytes, v.Ledger[1].Bytes = 9<<20, 1<<20
	if got := Sentences(&v); strings.Contains(got[0], "on the move") {
		t.Errorf("%q", got)
	}
}

func TestSentencesOfAProcessThatNobodySaw(t *testing.T) {
	a := NewAccumulator()
	a.Observe(mem.Frame{Header: &mem.Header{Process: mem.Process{PID: 7}, Attach: "fentry"}})
	e := mem.Event{At: 5, PID: 7, Call: mem.Brk, After: mem.RSS{Anon: 3 << 20}}
	a.Observe(mem.Frame{At: 5, Event: &e})
	v := a.Verdict()
	if len(v.Why) != 1 || !strings.Contains(v.Why[0], "ended before it could be looked at") || !strings.Contains(v.Why[0], "3.0 MiB") {
		t.Errorf("%q", v.Why)
	}
}

// The kernel's high-water mark holds the peaks between two samples, but of a
// process that was attached to also those of before.
func TestPeakIsTheHighWaterMark(t *testing.T) {
	for _, tt := range []struct {
		fromStart bool
		marks     []uint64
		want      int64
	}{
		{true, []uint64{50 << 20}, 50 << 20},
		{true, []uint64{5 << 20, 60 << 20}, 60 << 20},
		{false, []uint64{50 << 20}, 4 << 20},
		{false, []uint64{50 << 20, 50 << 20}, 4 << 20},
		{false, []uint64{50 << 20, 70 << 20}, 70 << 20},
	} {
		a := NewAccumulator()
		a.Observe(mem.Frame{Header: &mem.Header{Process: mem.Process{PID: 7}, Attach: "fentry", FromStart: tt.fromStart}})
		for i, mark := range tt.marks {
			at := mem.Instant(i + 1)
			a.Observe(mem.Frame{At: at, Sample: &mem.Sample{At: at, PID: 7, RSS: mem.RSS{Anon: 4 << 20}, VMHWM: mark}})
		}
		if got := a.Verdict().RESPeak; got != tt.want {
			t.Errorf("from start %v, marks %v: peak %d, want %d", tt.fromStart, tt.marks, got, tt.want)
		}
	}
}
