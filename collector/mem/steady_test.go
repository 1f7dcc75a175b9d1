package mem

import "testing"

// A quarter of a MiB, or one part of RES in a hundred, whichever is more.
func TestUnsteady(t *testing.T) {
	t.Parallel()
	const kib, mib = 1 << 10, 1 << 20
	for _, tt := range []struct {
		res, moved int64
		want       bool
	}{
		{10 * mib, 0, false},
		{10 * mib, 256 * kib, false},
		{10 * mib, 257 * kib, true},
		{10 * mib, -257 * kib, true},
		{1000 * mib, 10 * mib, false},
		{1000 * mib, -11 * mib, true},
	} {
		s := Sample{RSS: RSS{Anon: tt.res}, Moved: tt.moved}
		if got := s.Unsteady(); got != tt.want {
			t.Errorf("RES %d moved by %d: unsteady %v", tt.res, tt.moved, got)
		}
	}
}
