package perfetto

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"whyres/collector/explain"
	"whyres/collector/mem"
	"whyres/collector/record"
)

// TestRecordings: of recordings of real processes every call and GC is there, and
// the sums are those that the verdict's own code comes to.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/recordings/*.whyres*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	root := schema(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			frames, verdict := recorded(t, file)
			v := view(t, root, traced(t, frames))
			events, gcs, last := 0, 0, reading{}
			see := func(at mem.Instant, res int64) {
				if res > 0 && uint64(at) >= last.at {
					last = reading{uint64(at), res}
				}
			}
			for _, f := range frames {
				switch {
				case f.Event != nil:
					events++
					see(f.Event.End(), f.Event.After.Total())
				case f.Mark != nil && f.Mark.Kind == mem.MarkGC:
					gcs++
				case f.Sample != nil:
					see(f.Sample.At, f.Sample.RSS.Total())
				}
			}
			var asked, left int64
			for _, c := range v.calls() {
				leafFirst := slices.Clone(c.stack)
				slices.Reverse(leafFirst)
				if stack, _ := c.args["stack"].(string); strings.Join(leafFirst, between) != stack {
					t.Fatalf("%q, but %q", c.stack, stack)
				}
				if c.category == "release" {
					asked += int64(c.args["asked"].(uint64))
					left += c.args["left_res"].(int64)
				}
			}
			if r := verdict.Releases; asked != int64(r.Asked) || left != r.Attributed || asked == 0 {
				t.Errorf("asked %d, left %d; want %d, %d", asked, left, r.Asked, r.Attributed)
			}
			if got := len(v.calls()); got != events || events == 0 {
				t.Errorf("%d calls of %d", got, events)
			}
			pid := int64(frames[0].Header.Process.PID)
			if got := len(v.under(t, pid, "GC").events); got != gcs || gcs == 0 {
				t.Errorf("%d GCs of %d", got, gcs)
			}
			if got := v.under(t, pid, "RES").readings; got[len(got)-1] != last {
				t.Errorf("the last RES is %v, want %v", got[len(got)-1], last)
			}
		})
	}
}

func recorded(t testing.TB, path string) ([]mem.Frame, explain.Verdict) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	r, err := record.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []mem.Frame
	sums := explain.NewAccumulator()
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames, sums.Verdict()
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
		sums.Observe(f)
	}
}
