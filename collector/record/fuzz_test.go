package record

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzReader: no input makes the Reader panic, and what it accepts can be
// written and read again.
func FuzzReader(f *testing.F) {
	f.Add(written(f, handBuilt()))
	f.Add(written(f, handBuilt(), Zstd()))
	f.Add(written(f, handBuilt())[:700])
	f.Add([]byte(`{"type":"header","schema":"whyres/record/1"}` + "\n" + `{"type":"sample","vmas":[{},null,1]}`))
	f.Add([]byte(`{"type":"header","schema":"whyres/record/2"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		frames, _, err := readAll(t, bytes.NewReader(in))
		if err != nil && !errors.Is(err, ErrNotRecording) && !errors.Is(err, ErrNewer) {
			t.Fatalf("bytes gave an error of the input: %v", err)
		}
		if len(frames) == 0 {
			return
		}
		again, damaged, err := readAll(t, bytes.NewReader(written(t, frames)))
		if err != nil || len(damaged) > 0 {
			t.Fatalf("what was read cannot be read again: %v %v", err, damaged)
		}
		if len(again) != len(frames) {
			t.Fatalf("%d frames became %d", len(frames), len(again))
		}
	})
}
