package lab

import (
	"slices"
	"strings"
	"testing"
)

func TestInherited(t *testing.T) {
	for name, c := range map[string]struct{ environ, want []string }{
		"nothing":     {[]string{"PATH=/bin", "GOGCX=1", "XGOGC=1", "GOPATH=/go"}, nil},
		"all":         {[]string{"GOMAXPROCS=2", "GODEBUG=disablethp=1", "GOMEMLIMIT=1GiB", "GOGC=50"}, []string{"GOGC=50", "GOMEMLIMIT=1GiB", "GODEBUG=disablethp=1", "GOMAXPROCS=2"}},
		"set to none": {[]string{"GOGC=", "GODEBUG="}, nil},
		"the first":   {[]string{"GOGC=50", "GOGC=75"}, []string{"GOGC=50"}},
		"no secrets":  {[]string{"GODEBUG=token=hunter2,madvdontneed=0,x,http2debug=2"}, []string{"GODEBUG=madvdontneed=0"}},
		"secrets all": {[]string{"GODEBUG=token=hunter2"}, nil},
		"no text":     {[]string{"GOGC=\xff5"}, []string{"GOGC=?5"}},
		"too long":    {[]string{"GOGC=" + strings.Repeat("1", 1000)}, []string{"GOGC=" + strings.Repeat("1", 100)}},
	} {
		if got := Inherited(c.environ); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What the rows have in common is told, and once that a part of them has not.
func TestRemarksTellOfTheEnvironment(t *testing.T) {
	r := labOf(t, 2, Default, gogc50)
	r.Add(Default, done(1, 100))
	r.Add(gogc50, done(1, 90))
	told := func(text string) int {
		n := 0
		for _, x := range r.Remarks() {
			if strings.Contains(x.Text, text) {
				n++
			}
		}
		return n
	}
	r.GoOn([]string{"PATH=/bin"})
	if told("environment") != 0 {
		t.Errorf("of nothing: %v", r.Remarks())
	}
	r.Environment = []string{"GOGC=75", "GOMAXPROCS=1"}
	r.GoOn([]string{"GOGC=75", "GOMAXPROCS=1"})
	if told("inherited GOGC=75 GOMAXPROCS=1 from") != 1 || told("another environment") != 0 {
		t.Errorf("%v", r.Remarks())
	}
	r.GoOn([]string{"GOGC=80"})
	r.GoOn([]string{"GOGC=80"})
	if told("another environment: GOGC=80") != 1 {
		t.Errorf("%v", r.Remarks())
	}
	r.Add(Default, done(2, 100))
	r.Add(gogc50, done(2, 90))
	r.GoOn([]string{"GOGC=90"})
	if told("another environment: GOGC=90") != 0 {
		t.Errorf("no run was left: %v", r.Remarks())
	}
}
