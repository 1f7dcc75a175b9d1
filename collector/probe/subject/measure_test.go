package subject

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"whyres/collector/probe"
)

func TestSameKind(t *testing.T) {
	const all = size
	for name, c := range map[string]struct {
		rss, thp, back int64
		want           bool
	}{
		"small for small":              {-all, 0, 0, true},
		"huge for huge":                {-all, -all, all, true},
		"small for halves of huge":     {-all / 2, -all, 0, true},
		"huge for small":               {-all, 0, all, false},
		"small for huge":               {-all, -all, 0, false},
		"some small for huge":          {-all, -all, all - huge, false},
		"huge, where halves had left":  {-all / 2, -all, all, false},
		"one huge page for small ones": {-all, 0, huge, false},
	} {
		if got := sameKind(&probe.Result{RSSChange: c.rss, THPChange: c.thp}, c.back); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Small pages are released where huge ones are allowed: what is touched then may be
// huge (CONFIG_PT_RECLAIM), and has no time that could be compared.
func TestRefaultOfAnotherKind(t *testing.T) {
	b, err := newBench()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	s, err := b.newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	how := advising(unix.MADV_DONTNEED, small, first((*stage).askHuge))
	run := Run{Result: probe.Result{Size: size, Asked: size}}
	if err := s.measure(&how, &run); err != nil {
		t.Skip(err)
	}
	now, err := s.see()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("touched again: %d of %d KiB in huge pages", now.thp>>10, now.rss>>10)
	if told := run.Result.RefaultNSPerMiB != nil; told != (now.thp == 0) {
		t.Errorf("a time to fault it back: %v, with %d KiB of huge pages", told, now.thp>>10)
	}
}

// Small pages, and huge ones, are no pages of 64 KiB.
func TestCountBig(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: run make test")
	}
	b, err := newBench()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	for name, pages := range map[string]func(*stage) error{"none": untouched, "small": small, "huge": hugePages} {
		s, err := b.newStage()
		if err != nil {
			t.Fatal(err)
		}
		if err := pages(s); err != nil {
			t.Logf("%s: %v", name, err)
		} else if n, err := s.countBig(); err != nil || n != 0 {
			t.Errorf("%s: %d pages of 64 KiB, %v", name, n, err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOneCompound(t *testing.T) {
	const head, tail = flagHead | 1, flagTail | 2
	for name, c := range map[string]struct {
		flags []uint64
		want  bool
	}{
		"one":                   {[]uint64{head, tail, tail, tail, 1}, true},
		"one before another":    {[]uint64{head, tail, tail, tail, head}, true},
		"the first of a larger": {[]uint64{head, tail, tail, tail, tail}, false},
		"small pages":           {[]uint64{1, 1, 1, 1, 1}, false},
		"the rest of a larger":  {[]uint64{tail, tail, tail, tail, 1}, false},
		"two smaller":           {[]uint64{head, tail, head, tail, 1}, false},
		"one, and a single":     {[]uint64{head, tail, tail, 1, 1}, false},
	} {
		if got := oneCompound(c.flags); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestInARow(t *testing.T) {
	const in = entryPresent
	for name, c := range map[string]struct {
		entries []uint64
		want    bool
		hidden  bool
	}{
		"in a row":    {[]uint64{in | 7, in | 8, in | 9}, true, false},
		"not in one":  {[]uint64{in | 7, in | 9, in | 8}, false, false},
		"one is away": {[]uint64{in | 7, 8, in | 9}, false, false},
		"hidden":      {[]uint64{in, in, in}, false, true},
	} {
		if first, got, err := inARow(c.entries); got != c.want || (err != nil) != c.hidden || got && first != 7 {
			t.Errorf("%s: %v from %d, %v", name, got, first, err)
		}
	}
}
