package explain

import (
	"slices"
	"strings"
	"testing"

	"whyres/collector/explain/causes"
	"whyres/collector/mem"
)

// The story, whose process then ends: all of it is past, nothing waits, and nobody
// can be asked.
func TestEnded(t *testing.T) {
	frames := story()
	at := frames[len(frames)-1].At
	alive, exit := observe(frames...), mem.Mark{At: at, Kind: mem.MarkExit, PID: pid}
	if alive.Ended {
		t.Fatal("it has ended before it did")
	}
	v := observe(append(slices.Clone(frames), mem.Frame{At: at, Mark: &exit})...)
	if !v.Ended || v.Forecast != nil {
		t.Errorf("ended %v, forecast %+v", v.Ended, v.Forecast)
	}
	for _, c := range v.Causes {
		if len(c.Ask) > 0 || slices.ContainsFunc(c.Remedy, func(text string) bool { return strings.HasPrefix(text, "wait") }) {
			t.Errorf("%s: remedies %q, asks %q", c.ID, c.Remedy, c.Ask)
		}
	}
	why := strings.Join(v.Why, "\n")
	for _, no := range []string{"next GC", "now", " ago", "Healthy"} {
		if strings.Contains(why, no) {
			t.Errorf("it has ended, and %q is said of it:\n%s", no, why)
		}
	}
	if !strings.HasPrefix(why, "The process has ended; 1.0 s before the end RES was") {
		t.Error(why)
	}
	child := mem.Mark{At: at, Kind: mem.MarkExit, PID: exit.PID + 1}
	if observe(append(slices.Clone(frames), mem.Frame{At: at, Mark: &child})...).Ended {
		t.Error("only a child has ended")
	}
}

func TestNobodyKeptItUp(t *testing.T) {
	v := &Verdict{Ended: true}
	if got := healthySentence(v); strings.Contains(got, "Healthy") {
		t.Error(got)
	}
	v.Causes = []Cause{{ID: "room", Confidence: causes.Possible, Bytes: 5 * mib}}
	if got := healthySentence(v); strings.Contains(got, "Healthy") || !strings.Contains(got, "5.0 MiB of room") {
		t.Error(got)
	}
}
