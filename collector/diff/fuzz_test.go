package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"whyres/collector/course"
	"whyres/collector/explain"
	"whyres/collector/mem"
	"whyres/collector/record"
)

// recorded is the frames as a recording's bytes.
func recorded(tb testing.TB, frames []mem.Frame) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := record.NewWriter(&out)
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range frames {
		if err := w.Write(f); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// readAll is a side of what can be read of a recording.
func readAll(tb testing.TB, data []byte) *Side {
	tb.Helper()
	r, err := record.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	defer r.Close()
	m, s := course.NewMeter(explain.NewAccumulator()), &Side{}
	for {
		f, err := r.Next()
		var damaged *record.LineError
		switch {
		case errors.Is(err, io.EOF):
			s.Course, s.Verdict = m.Course(), m.Verdict()
			return s
		case errors.As(err, &damaged):
			s.Damaged++
			continue
		case err != nil:
			return nil
		}
		if f.Header != nil {
			s.Header = *f.Header
		}
		m.Observe(f)
	}
}

// A recording is input from anywhere, and so are two.
func FuzzCompare(f *testing.F) {
	f.Add(recorded(f, refilled()), recorded(f, steady(nil)))
	f.Add(recorded(f, steady(nil)[:1]), recorded(f, steady(nil)[:2]))
	f.Add(recorded(f, refilled())[:900], recorded(f, refilled()))
	f.Fuzz(func(t *testing.T, x, y []byte) {
		a, b := readAll(t, x), readAll(t, y)
		if a == nil || b == nil {
			return
		}
		r := CompareRecordings(a, b)
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, row := range r.Rows {
			if ids[row.ID] {
				t.Errorf("two rows %q", row.ID)
			}
			ids[row.ID] = true
			if row.What == "" || row.Group == "" || row.Mark == "" || row.Mark == Same && row.Why != "" {
				t.Errorf("row %+v", row)
			}
		}
		for _, row := range CompareRecordings(a, a).Rows {
			if row.Mark != Same {
				t.Errorf("%s of the same: %s", row.ID, row.Mark)
			}
		}
		if c := &a.Course; c.Half != nil && c.Half.After > c.NineTenths.After || c.Low > c.Peak {
			t.Errorf("%+v", c)
		}
	})
}
