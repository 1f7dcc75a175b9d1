package report

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What a thinned line must keep of each stretch of time is found by looking at all
// readings of it.
func TestSeriesKeepsExtremes(t *testing.T) {
	for _, limit := range []int{8, 64, 1000} {
		random := rand.New(rand.NewPCG(uint64(limit), 7))
		s := series{limit: limit}
		type reading struct{ at, value int64 }
		var all []reading
		at := int64(0)
		for range 20_000 {
			at += random.Int64N(1000)
			r := reading{at, random.Int64N(1 << 40)}
			all = append(all, r)
			s.add(r.at, r.value)
		}
		s.finish()
		if len(s.at) > limit+4 || s.width == 0 || s.read != 20_000 {
			t.Fatalf("limit %d: kept %d, width %d, read %d", limit, len(s.at), s.width, s.read)
		}
		least, most := map[int64]int64{}, map[int64]int64{}
		for _, r := range all {
			b := (r.at - all[0].at) / s.width
			if v, ok := least[b]; !ok || r.value < v {
				least[b] = r.value
			}
			most[b] = max(most[b], r.value)
		}
		gotLeast, gotMost := map[int64]int64{}, map[int64]int64{}
		for i, at := range s.at {
			if !slices.Contains(all, reading{at, s.value[i]}) {
				t.Fatalf("limit %d: %d at %d was never read", limit, s.value[i], at)
			}
			b := (at - all[0].at) / s.width
			if v, ok := gotLeast[b]; !ok || s.value[i] < v {
				gotLeast[b] = s.value[i]
			}
			gotMost[b] = max(gotMost[b], s.value[i])
		}
		for b := range least {
			if gotLeast[b] != least[b] || gotMost[b] != most[b] {
				t.Fatalf("limit %d, stretch %d: kept %d to %d of %d to %d", limit, b, gotLeast[b], gotMost[b], least[b], most[b])
			}
		}
		if last := all[len(all)-1]; s.at[len(s.at)-1] != last.at || s.value[len(s.value)-1] != last.value {
			t.Errorf("limit %d: the last reading is gone", limit)
		}
	}
}

// Equal readings in a row add nothing to a line that stands still between readings.
func TestSeriesLeavesOutWhatIsEqual(t *testing.T) {
	s := series{limit: 100}
	for at := range int64(10) {
		s.add(at, 7)
	}
	s.add(10, 8)
	s.add(9, 9) // a call of another thread, which ended before
	if !slices.Equal(s.at, []int64{0, 9, 10, 10}) || !slices.Equal(s.value, []int64{7, 7, 8, 9}) || s.width != 0 {
		t.Errorf("%v %v", s.at, s.value)
	}
}

// However marks are merged, their sums stay.
func TestGroupsKeepSums(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	g := groups{limit: 50}
	kinds := []Kind{{Lane: LaneReturned, Call: "madvise"}, {Lane: LaneMapped, Call: "mmap"}, {Lane: LaneGC}}
	var want [3]Group
	for i := range 10_000 {
		k := random.IntN(3)
		at := int64(i) * 1000
		one := Group{From: at, To: at + 10, Calls: 1, Asked: random.Uint64N(1 << 30), Left: random.Int64N(1<<30) - 1<<29}
		if k == 2 {
			one.First, one.Last = uint32(i+1), uint32(i+1)
		}
		want[k].add(&one)
		g.add(kinds[k], one)
	}
	g.finish()
	if len(g.list) > 50 || g.seen != 10_000 || g.width == 0 {
		t.Fatalf("%d marks, %d seen, width %d", len(g.list), g.seen, g.width)
	}
	var got [3]Group
	for i := range g.list {
		x := &g.list[i]
		got[slices.Index(kinds, g.kinds[x.Kind])].add(x)
		if i > 0 && x.From < g.list[i-1].From {
			t.Error("marks out of order")
		}
	}
	for k := range got {
		a, b := got[k], want[k]
		if a.Calls != b.Calls || a.Asked != b.Asked || a.Left != b.Left || a.Last != b.Last || a.To != b.To {
			t.Errorf("kind %d: %+v, want %+v", k, a, b)
		}
	}
}

// The names in a recording are whatever stands there: the table of kinds is bounded,
// and nothing is lost by that.
func TestGroupsBoundTheirKinds(t *testing.T) {
	g := groups{limit: 10_000}
	for i := range 2000 {
		g.add(Kind{Lane: LaneOther, Call: "madvise", Advice: string(rune('a'+i%26)) + string(rune(i))}, Group{From: int64(i), To: int64(i), Calls: 1})
	}
	g.finish()
	var calls uint64
	for _, x := range g.list {
		calls += x.Calls
	}
	if len(g.kinds) > maxKinds+10 || calls != 2000 {
		t.Errorf("%d kinds, %d calls", len(g.kinds), calls)
	}
}
