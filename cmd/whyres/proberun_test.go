package main

import (
	"errors"
	"testing"

	"whyres/collector/probe"
	"whyres/collector/probe/subject"
)

// What becomes of runs that differ.
func TestCollect(t *testing.T) {
	good := subject.Run{Result: probe.Result{CallNS: 1}}
	bad := subject.Run{Result: probe.Result{Unknown: "fragmented"}}
	again := subject.Run{Again: true, Result: probe.Result{Unknown: "others"}}
	busy := subject.Run{Result: probe.Result{Errno: "EAGAIN"}}
	long := subject.Run{Result: probe.Result{LaterNS: longWait + 1}}
	longBad := subject.Run{Result: probe.Result{Unknown: "quieter", LaterNS: longWait + 1}}
	for name, c := range map[string]struct {
		script []subject.Run // the last one goes on
		runs   int
		made   int
		why    string
	}{
		"all good":                {[]subject.Run{good}, 5, 5, ""},
		"the last one is bad":     {[]subject.Run{good, good, good, good, bad}, 4, 5, "fragmented"},
		"the first one is bad":    {[]subject.Run{bad, good}, 4, 5, "fragmented"},
		"all bad":                 {[]subject.Run{bad}, 0, 5, "fragmented"},
		"disturbed for a while":   {[]subject.Run{again, busy, again, good}, 5, 8, "others"},
		"disturbed all the time":  {[]subject.Run{again}, 0, 15, "others"},
		"busy all the time":       {[]subject.Run{busy}, 1, 15, ""},
		"a long wait":             {[]subject.Run{long}, 1, 1, ""},
		"a long wait for nothing": {[]subject.Run{longBad}, 0, 1, "quieter"},
	} {
		made := 0
		runs, why, err := collect(5, func() (subject.Run, error) {
			made++
			return c.script[min(made, len(c.script))-1], nil
		})
		if err != nil || len(runs) != c.runs || made != c.made || why != c.why {
			t.Errorf("%s: %d of %d runs, %q, %v; want %d of %d, %q", name, len(runs), made, why, err, c.runs, c.made, c.why)
		}
	}
	gone := errors.New("gone")
	if _, _, err := collect(5, func() (subject.Run, error) { return good, gone }); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
}
