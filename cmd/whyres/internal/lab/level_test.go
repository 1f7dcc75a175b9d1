package lab

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"whyres/collector/mem"
)

func TestBelowIsTheLastFall(t *testing.T) {
	falls := []Fall{{RES: 100, After: ptr64(-5), Within: 9}, {RES: 80, After: ptr64(7), Within: 2}, {RES: 30, After: ptr64(20), Within: 3}, {RES: 10}}
	within := map[int64]int64{0: 0, 7: 2, 20: 3}
	for level, want := range map[int64]int64{150: 0, 100: 0, 99: 0, 80: 0, 79: 7, 30: 7, 29: 20, 10: 20} {
		if got, w, ok := below(falls, level); got != want || !ok || w != within[want] {
			t.Errorf("%d: %d within %d, %v, want %d", level, got, w, ok, want)
		}
	}
	if _, _, ok := below(falls, 9); ok {
		t.Error("9: RES was never below 10")
	}
}

func ptr64(n int64) *int64 { return &n }

// The rows' times are those of a search through all readings for the last one that
// is above the default's level.
func TestTimesAreOfTheDefaultsLevels(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		result := Result{Runs: 1, Servers: 1, Goal: GoalRES, Settle: int64(60 * second), Rows: Rows([]Setting{{ID: Default}, {ID: gogc50}})}
		base, other := fallingFrames(r, 120), fallingFrames(r, 40+r.Int64N(100))
		result.Add(Default, doneRun(base))
		result.Add(gogc50, doneRun(other))
		peak, rest := afterBurst(base)
		if peak-rest <= 3*mib {
			continue
		}
		for f, level := range map[Field]int64{Half: peak - (peak-rest)/2, NineTenths: peak - ((peak - rest) - (peak-rest)/10)} {
			for id, frames := range map[string][]mem.Frame{Default: base, gogc50: other} {
				run := &result.Row(id).Runs[0]
				top, _ := extremes(frames)
				early, _ := naiveBelow(frames, level+top/fallParts+1)
				late, ever := naiveBelow(frames, level)
				if !ever {
					late = result.Settle
				}
				if got := int64(**run.Measures.At(f)); got > late || got < min(early, late) || ever == slices.Contains(run.AtLeast, f.ID()) && got == late {
					t.Fatalf("seed %d, %s of %s: %d, want %d to %d; at least: %v", seed, f, id, got, early, late, run.AtLeast)
				}
			}
		}
		once := result.Row(gogc50).Runs[0]
		once.AtLeast = slices.Clone(once.AtLeast)
		result.Judge()
		if again := result.Row(gogc50).Runs[0]; !reflect.DeepEqual(once, again) {
			t.Fatalf("seed %d: judged again: %+v, was %+v", seed, again, once)
		}
	}
}

// Where the default gives nothing back there are no levels: each run's own would look
// as if they compared.
func TestNoTimesWithoutTheDefaultsLevels(t *testing.T) {
	result := Result{Runs: 2, Servers: 1, Goal: GoalRES, Settle: int64(60 * second), Rows: Rows([]Setting{{ID: Default}, {ID: gogc50}})}
	falls := doneRun([]mem.Frame{header(), sample(0, 100), sample(20, 100), sample(40, 10)})
	result.Add(gogc50, falls)
	if own := result.Row(gogc50).Runs[0].Measures.Half; own == nil || *own != 30e9 {
		t.Errorf("with no default yet: half after %v, want 30 s", own)
	}
	flat := doneRun([]mem.Frame{header(), sample(0, 100), sample(20, 100), sample(40, 100)})
	result.Add(Default, flat)
	for _, id := range []string{Default, gogc50} {
		row := result.Row(id)
		for _, f := range []Field{Half, NineTenths} {
			if row.Measures.At(f).N != 0 || row.AtLeast(f) || row.Runs[0].Unknown[f.ID()] != noLevels {
				t.Errorf("%s of %s: %+v, %v", f, id, row.Measures.At(f), row.Runs[0].Unknown)
			}
		}
	}
	falls.Number = 2
	falls.Measures.Rest = ptr(float64(5 * mib))
	result.Add(Default, falls) // medians of 100 and 52.5 MiB
	if got := result.Row(gogc50).Measures.Half; got.N != 1 || got.Median != 30e9 {
		t.Errorf("with levels again: %+v", got)
	}
}

// Of several servers the last to fall counts, by what one of the default's gives back.
func TestTimesOfSeveralServers(t *testing.T) {
	result := Result{Runs: 1, Servers: 2, Goal: GoalRES, Settle: int64(40 * second), Rows: Rows([]Setting{{ID: Default}})}
	one, two := measured(story(), began+25*second, Outside{}), measured(story(), began+20*second, Outside{})
	one.Status, two.Status, one.Number, two.Number = StatusDone, StatusDone, 1, 1
	result.Add(Default, Combine(&Together{PeakOfSum: 200 * mib, SumOfPeaks: 220 * mib}, one, two))
	if got := *result.Rows[0].Runs[0].Measures.Half; got != 15.003e9 {
		t.Errorf("half after %v", got)
	}
}

const burstAt = 10 // seconds

func doneRun(frames []mem.Frame) Run {
	run := measured(frames, began+burstAt*second, Outside{})
	run.Number, run.Status = 1, StatusDone
	return run
}

// fallingFrames are readings of RES, one a second, that tend to fall.
func fallingFrames(r *rand.Rand, from int64) []mem.Frame {
	frames := []mem.Frame{header()}
	for i := range int64(60) {
		frames = append(frames, sample(i, max(from-i*r.Int64N(3)+r.Int64N(10), 1)))
	}
	return frames
}

func extremes(frames []mem.Frame) (peak, last int64) {
	for _, f := range frames[1:] {
		last = f.Sample.RSS.Total()
		peak = max(peak, last)
	}
	return peak, last
}

// afterBurst are the highest RES once the burst has ended, and the last. A reading
// holds until the next.
func afterBurst(frames []mem.Frame) (most, last int64) {
	for i, f := range frames[1:] {
		last = f.Sample.RSS.Total()
		if i+2 >= len(frames) || frames[i+2].At > began+burstAt*second {
			most = max(most, last)
		}
	}
	return most, last
}

// naiveBelow is from when on no reading is above the level, in ns after the burst.
func naiveBelow(frames []mem.Frame, level int64) (after int64, ever bool) {
	for i, f := range frames {
		if f.Sample == nil || f.Sample.RSS.Total() <= level {
			continue
		}
		if i == len(frames)-1 {
			return 0, false
		}
		after = max(0, int64(frames[i+1].At-began)-burstAt*int64(second))
	}
	return after, true
}
