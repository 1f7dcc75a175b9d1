package mem

import "testing"

func TestReleasesLazily(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		minor        int
		madvdontneed string
		clock        *GoClock
		want         bool
	}{
		{11, "", nil, false},
		{12, "", nil, true},
		{15, "", nil, true},
		{16, "", nil, false},
		{15, "1", nil, false},
		{27, "0", nil, true},
		{27, "x", nil, false},
		{0, "0", nil, false},
		{27, "0", &GoClock{}, true},
		{27, "0", &GoClock{Advice: "MADV_DONTNEED"}, false},
		{27, "1", &GoClock{Advice: "MADV_FREE"}, true},
		{0, "", &GoClock{Advice: "MADV_FREE"}, true},
	} {
		if got := ReleasesLazily(tt.minor, tt.madvdontneed, tt.clock); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
