package space

import (
	"fmt"
	"strings"
	"testing"

	"whyres/collector/mem"
)

const page = 4096

// call makes an event in pages: "dontneed 10 4" is madvise of 4 pages at the
// tenth, "mremap 10 4 20 8" moves them and grows them.
func call(t testing.TB, text string) *mem.Event {
	t.Helper()
	words := strings.Fields(text)
	var n [4]uint64
	for i, w := range words[1:] {
		if i >= len(n) {
			break
		}
		if _, err := fmt.Sscan(w, &n[i]); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		n[i] *= page
	}
	e := &mem.Event{Addr: mem.Addr(n[0]), Len: n[1]}
	name, errno, _ := strings.Cut(words[0], "!")
	e.Errno = errno
	if errno != "" {
		e.Ret = -1
	}
	switch name {
	case "mmap":
		e.Call, e.Addr, e.Ret = mem.Mmap, 0, int64(n[0])
	case "munmap":
		e.Call = mem.Munmap
	case "mremap":
		e.Call, e.Ret, e.NewLen = mem.Mremap, int64(n[2]), n[3]
	case "brk":
		e.Call, e.Ret = mem.Brk, int64(n[0])
	case "process_madvise":
		e.Call, e.Advice, e.Addr, e.Len = mem.ProcessMadvise, "MADV_DONTNEED", 0, 0
	default:
		e.Call, e.Advice = mem.Madvise, "MADV_"+strings.ToUpper(name)
	}
	return e
}

// shown writes a Released in page numbers.
func shown(r *Released) string {
	var words []string
	for x := range r.Ranges() {
		words = append(words, fmt.Sprintf("%d-%d", uint64(x.Start)/page, uint64(x.End)/page))
	}
	return strings.Join(words, " ")
}

func TestReleased(t *testing.T) {
	for _, c := range []struct {
		name  string
		calls string
		// again of the last call, in pages.
		again uint64
		want  string
	}{
		{"first time", "dontneed 10 10", 0, "10-20"},
		{"again", "dontneed 10 10, dontneed 10 10", 10, "10-20"},
		{"again in part", "dontneed 10 10, free 15 10", 5, "10-25"},
		{"again over two", "dontneed 10 5, dontneed 20 5, dontneed 12 10", 5, "10-25"},
		{"not a release", "dontneed 10 10, hugepage 10 10", 0, "10-20"},
		{"refused", "dontneed!EINVAL 10 10", 0, ""},
		{"over a hole", "dontneed!ENOMEM 10 10", 0, "10-20"},
		{"unmapped", "dontneed 10 10, munmap 12 3", 0, "10-12 15-20"},
		{"unmapped, then released", "dontneed 10 10, munmap 12 3, dontneed 10 10", 7, "10-20"},
		{"munmap refused", "dontneed 10 10, munmap!EINVAL 12 3", 0, "10-20"},
		{"mapped over", "dontneed 10 10, mmap 15 10", 0, "10-15"},
		{"mmap refused", "dontneed 10 10, mmap!ENOMEM 15 10", 0, "10-20"},
		{"moved", "dontneed 10 10, mremap 12 4 50 4", 0, "10-12 16-20 50-54"},
		{"moved and cut", "dontneed 10 10, mremap 12 4 50 2", 0, "10-12 16-20 50-52"},
		{"moved and grown", "dontneed 10 3, mremap 8 4 50 8", 0, "12-13 52-54"},
		{"moved onto a released range", "dontneed 50 4, mremap 12 2 50 2", 0, "52-54"},
		{"grown in place", "dontneed 10 10, mremap 5 10 5 12", 0, "10-15 17-20"},
		{"cut in place", "dontneed 10 10, mremap 5 10 5 8", 0, "10-13 15-20"},
		{"duplicated (old length 0)", "dontneed 10 10, mremap 10 0 50 4", 0, "10-20"},
		{"mremap refused", "dontneed 10 10, mremap!ENOMEM 12 4 50 4", 0, "10-20"},
		{"break first seen", "dontneed 10 10, brk 15", 0, "10-20"},
		{"break lowered", "brk 20, dontneed 10 10, brk 15", 0, "10-15"},
		{"break lowered and raised", "brk 20, dontneed 10 10, brk 15, brk 20, dontneed 10 10", 5, "10-20"},
		{"ranges unknown", "dontneed 10 10, process_madvise", 0, "10-20"},
		{"guard and page out", "guard_install 10 2, pageout 11 2", 1, "10-13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReleased(page, 0)
			var again uint64
			for _, text := range strings.Split(c.calls, ", ") {
				again = r.Apply(call(t, text))
			}
			if got := shown(r); got != c.want || again != c.again*page {
				t.Errorf("%s: %q, again %d; want %q, again %d", c.calls, got, again/page, c.want, c.again)
			}
		})
	}
}

func TestReleasedTakesWholePages(t *testing.T) {
	r := NewReleased(page, 0)
	r.Apply(&mem.Event{Call: mem.Madvise, Advice: "MADV_DONTNEED", Addr: 10 * page, Len: page + 1})
	if got := shown(r); got != "10-12" {
		t.Errorf("%q, want a length taken up to whole pages", got)
	}
	r.Apply(&mem.Event{Call: mem.Munmap, Addr: 10 * page, Len: 1})
	if got := shown(r); got != "11-12" {
		t.Errorf("%q, want a whole page unmapped", got)
	}
}

func TestReleasedResets(t *testing.T) {
	r := NewReleased(page, 0)
	r.Apply(call(t, "brk 20"))
	r.Apply(call(t, "dontneed 10 10"))
	r.Reset()
	if again := r.Apply(call(t, "dontneed 10 10")); again != 0 || r.Bytes() != 10*page {
		t.Errorf("again %d after a reset, %d bytes", again, r.Bytes())
	}
	if r.Apply(call(t, "brk 15")); shown(r) != "10-20" {
		t.Errorf("%q: the break of the old address space was used", shown(r))
	}
}

// Arguments are whatever the target passed.
func TestReleasedBearsAnyArguments(t *testing.T) {
	for _, size := range []int{page, 0, -1, 3} {
		r := NewReleased(size, 4)
		most := ^uint64(0)
		for _, e := range []*mem.Event{
			{Call: mem.Madvise, Advice: "MADV_FREE", Addr: mem.Addr(most - 5), Len: most},
			{Call: mem.Madvise, Advice: "MADV_FREE", Addr: 1, Len: most},
			{Call: mem.Mremap, Addr: 0, Len: most, Ret: -4096, NewLen: most},
			{Call: mem.Mmap, Ret: -1, Len: most},
			{Call: mem.Brk, Ret: -1},
			{Call: mem.Brk, Ret: 1 << 40},
			{Call: mem.Brk, Ret: 0},
			{Call: "other"},
		} {
			r.Apply(e)
		}
		for x := range r.Ranges() {
			if x.Empty() {
				t.Errorf("page size %d: an empty range %s", size, x)
			}
		}
	}
}

func TestReleasedForgets(t *testing.T) {
	r := NewReleased(page, 1)
	r.Apply(call(t, "dontneed 10 2"))
	r.Apply(call(t, "dontneed 20 3"))
	if r.Forgotten() != 3*page {
		t.Errorf("forgot %d bytes, want 3 pages", r.Forgotten())
	}
}
