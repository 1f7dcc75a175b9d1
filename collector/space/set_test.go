package space

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"whyres/collector/mem"
)

// span reads "a-b" as page numbers.
func span(t testing.TB, text string) mem.Range {
	t.Helper()
	var a, b mem.Addr
	if _, err := fmt.Sscanf(text, "%d-%d", &a, &b); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return mem.Range{Start: a, End: b}
}

// setOf reads "a-b c-d".
func setOf(t testing.TB, text string) *Set {
	t.Helper()
	s := NewSet(0)
	for _, word := range strings.Fields(text) {
		s.Add(span(t, word))
	}
	return s
}

// show writes what setOf reads.
func show(s *Set) string {
	var words []string
	for r := range s.All() {
		words = append(words, fmt.Sprintf("%d-%d", uint64(r.Start), uint64(r.End)))
	}
	return strings.Join(words, " ")
}

func TestAdd(t *testing.T) {
	for _, c := range []struct{ name, before, add, want string }{
		{"into nothing", "", "10-20", "10-20"},
		{"nothing", "10-20", "15-15", "10-20"},
		{"inverted", "10-20", "40-30", "10-20"},
		{"before all", "10-20", "2-8", "2-8 10-20"},
		{"behind all", "10-20", "22-30", "10-20 22-30"},
		{"between two", "10-20 40-50", "25-30", "10-20 25-30 40-50"},
		{"the same", "10-20", "10-20", "10-20"},
		{"inside", "10-20", "12-18", "10-20"},
		{"inside, from the start", "10-20", "10-15", "10-20"},
		{"inside, to the end", "10-20", "15-20", "10-20"},
		{"around", "10-20", "5-25", "5-25"},
		{"touching the start", "10-20", "5-10", "5-20"},
		{"touching the end", "10-20", "20-25", "10-25"},
		{"over the start", "10-20", "5-15", "5-20"},
		{"over the end", "10-20", "15-25", "10-25"},
		{"filling a gap", "10-20 30-40", "20-30", "10-40"},
		{"touching one of two", "10-20 30-40", "20-25", "10-25 30-40"},
		{"touching the other", "10-20 30-40", "25-30", "10-20 25-40"},
		{"over a gap", "10-20 30-40", "15-35", "10-40"},
		{"swallowing the middle one", "10-20 30-40 50-60", "25-45", "10-20 25-45 50-60"},
		{"swallowing all", "10-20 30-40 50-60", "0-70", "0-70"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setOf(t, c.before)
			s.Add(span(t, c.add))
			if got := show(s); got != c.want {
				t.Errorf("%q + %s = %q, want %q", c.before, c.add, got, c.want)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	for _, c := range []struct{ name, before, remove, want string }{
		{"from nothing", "", "10-20", ""},
		{"nothing", "10-20", "15-15", "10-20"},
		{"inverted", "10-20", "18-12", "10-20"},
		{"before all", "10-20", "2-8", "10-20"},
		{"behind all", "10-20", "22-30", "10-20"},
		{"touching the start", "10-20", "5-10", "10-20"},
		{"touching the end", "10-20", "20-25", "10-20"},
		{"in a gap", "10-20 30-40", "20-30", "10-20 30-40"},
		{"the same", "10-20", "10-20", ""},
		{"around", "10-20", "5-25", ""},
		{"the head", "10-20", "10-15", "15-20"},
		{"the head and before", "10-20", "5-15", "15-20"},
		{"the tail", "10-20", "15-20", "10-15"},
		{"the tail and behind", "10-20", "15-25", "10-15"},
		{"a hole", "10-20", "12-18", "10-12 18-20"},
		{"the tail of one, the head of another", "10-20 30-40", "15-35", "10-15 35-40"},
		{"... with one between", "10-20 30-40 50-60", "15-55", "10-15 55-60"},
		{"one of three", "10-20 30-40 50-60", "30-40", "10-20 50-60"},
		{"all", "10-20 30-40 50-60", "0-70", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setOf(t, c.before)
			s.Remove(span(t, c.remove))
			if got := show(s); got != c.want {
				t.Errorf("%q - %s = %q, want %q", c.before, c.remove, got, c.want)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	const set = "10-20 30-40 50-60"
	for _, c := range []struct {
		in, want string
		bytes    uint64
	}{
		{"0-5", "", 0},
		{"0-10", "", 0},
		{"20-30", "", 0},
		{"60-90", "", 0},
		{"12-12", "", 0},
		{"18-12", "", 0},
		{"12-18", "12-18", 6},
		{"10-20", "10-20", 10},
		{"5-12", "10-12", 2},
		{"18-32", "18-20 30-32", 4},
		{"0-100", set, 30},
		{"19-51", "19-20 30-40 50-51", 12},
	} {
		s := setOf(t, set)
		got := NewSet(0)
		for part := range s.Within(span(t, c.in)) {
			got.Add(part)
		}
		if show(got) != c.want || s.Overlap(span(t, c.in)) != c.bytes {
			t.Errorf("within %s: %q of %d, want %q of %d", c.in, show(got), s.Overlap(span(t, c.in)), c.want, c.bytes)
		}
	}
}

func TestWithinStops(t *testing.T) {
	n := 0
	for range setOf(t, "1-2 3-4 5-6").Within(mem.Range{End: 9}) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d parts after a break", n)
	}
}

func TestFullSet(t *testing.T) {
	s := NewSet(2)
	for _, word := range []string{"10-20", "30-40", "50-60", "20-22"} {
		s.Add(span(t, word))
	}
	if got := show(s); got != "10-22 30-40" || s.Forgotten() != 10 {
		t.Errorf("%q, forgot %d; want the third interval forgotten, the touching one taken", got, s.Forgotten())
	}
	s.Remove(span(t, "13-15")) // leaves 3 and 7
	if got := show(s); got != "15-22 30-40" || s.Forgotten() != 13 || s.Bytes() != 17 {
		t.Errorf("%q of %d bytes, forgot %d; want the smaller side of the hole forgotten", got, s.Bytes(), s.Forgotten())
	}
	s.Remove(span(t, "20-32")) // splits nothing
	if got := show(s); got != "15-20 32-40" || s.Forgotten() != 13 {
		t.Errorf("%q, forgot %d", got, s.Forgotten())
	}
}

// naive is the oracle: one bool a page.
type naive [64]bool

func (n *naive) put(r mem.Range, in bool) {
	for a := r.Start; a < r.End; a++ {
		n[a] = in
	}
}

// check compares a set with the oracle, in all it can be asked.
func check(t *testing.T, s *Set, n *naive) {
	t.Helper()
	var bytes uint64
	for a, in := range n {
		if in {
			bytes++
		}
		if s.Contains(mem.Addr(a)) != in {
			t.Fatalf("page %d: %v, want %v, in %q", a, !in, in, show(s))
		}
		if o := s.Overlap(mem.Range{Start: mem.Addr(a), End: 64}); o != n.count(a) {
			t.Fatalf("overlap with %d-64 = %d, want %d, in %q", a, o, n.count(a), show(s))
		}
	}
	if s.Bytes() != bytes {
		t.Fatalf("%d bytes, want %d, in %q", s.Bytes(), bytes, show(s))
	}
	all := slices.Collect(s.All())
	for i, r := range all {
		if r.Empty() || i > 0 && all[i-1].End >= r.Start {
			t.Fatalf("not sorted, apart and full: %q", show(s))
		}
	}
	if len(all) != s.Count() {
		t.Fatalf("Count = %d of %d", s.Count(), len(all))
	}
}

func (n *naive) count(from int) (sum uint64) {
	for _, in := range n[from:] {
		if in {
			sum++
		}
	}
	return sum
}

func TestSetAgainstPages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s, n := NewSet(0), new(naive)
		for range 60 {
			r := mem.Range{Start: mem.Addr(random.IntN(64)), End: mem.Addr(random.IntN(65))}
			if in := random.IntN(2) == 0; in {
				s.Add(r)
				n.put(r, in)
			} else {
				s.Remove(r)
				n.put(r, in)
			}
			check(t, s, n)
		}
	}
}

func FuzzSet(f *testing.F) {
	f.Add([]byte{0, 10, 20, 1, 12, 18, 0, 5, 50})
	f.Fuzz(func(t *testing.T, ops []byte) {
		s, n := NewSet(0), new(naive)
		for ; len(ops) >= 3; ops = ops[3:] {
			r := mem.Range{Start: mem.Addr(ops[1] % 64), End: mem.Addr(ops[2] % 65)}
			if ops[0]%2 == 0 {
				s.Add(r)
			} else {
				s.Remove(r)
			}
			n.put(r, ops[0]%2 == 0)
		}
		check(t, s, n)
	})
}

// A bound that bites may lose addresses, never invent one.
func TestFullSetInventsNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	s, n := NewSet(3), new(naive)
	for range 5000 {
		r := mem.Range{Start: mem.Addr(random.IntN(64)), End: mem.Addr(random.IntN(65))}
		if in := random.IntN(2) == 0; in {
			s.Add(r)
			n.put(r, in)
		} else {
			s.Remove(r)
			n.put(r, in)
		}
		for r := range s.All() {
			for a := r.Start; a < r.End; a++ {
				if !n[a] {
					t.Fatalf("%q holds page %d", show(s), a)
				}
			}
		}
		if s.Count() > 3 {
			t.Fatalf("%d intervals", s.Count())
		}
	}
}

func BenchmarkSetOf100kIntervals(b *testing.B) {
	s := NewSet(0)
	for i := range mem.Addr(100_000) {
		s.Add(mem.Range{Start: i * 10, End: i*10 + 5})
	}
	hole := mem.Range{Start: 500_001, End: 500_003}
	for b.Loop() {
		s.Remove(hole)
		s.Add(hole)
	}
}
