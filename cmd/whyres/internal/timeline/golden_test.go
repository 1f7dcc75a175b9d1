package timeline

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
	"whyres/collector/record"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// render prints frames as one timeline.
func render(t testing.TB, o Options, frames []mem.Frame) string {
	t.Helper()
	var out bytes.Buffer
	tl := New(&out, o)
	for _, f := range frames {
		if err := tl.Frame(f); err != nil {
			t.Fatal(err)
		}
	}
	tl.Overhead(300 * time.Millisecond)
	if err := tl.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test with -update, then read the file", err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is printed now:\n%s", path, got)
	}
}

func TestStoryGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"story-120":       {Width: 120},
		"story-120-color": {Width: 120, Color: true},
		"story-80":        {Width: 80},
		"story-80-color":  {Width: 80, Color: true},
		"story-50":        {Width: 50},
		"story-pipe":      {},
		"story-ascii":     {Width: 120, ASCII: true},
		"story-200":       {Width: 200},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, render(t, o, story())) })
	}
}

// TestVerboseGolden: each call has its row and its stack.
func TestVerboseGolden(t *testing.T) {
	frames := story()
	for i, f := range frames {
		if f.At > at(264.5) {
			frames = append(frames[:1:1], frames[i-6:i]...)
			break
		}
	}
	golden(t, "verbose-120", render(t, Options{Width: 120, Verbose: true}, frames))
	golden(t, "verbose-70", render(t, Options{Width: 70, Verbose: true}, frames))
}

// TestReplayIsLive: what comes out of a recording prints the same bytes.
func TestReplayIsLive(t *testing.T) {
	for _, options := range [][]record.WriterOption{nil, {record.Zstd()}} {
		var file bytes.Buffer
		w, err := record.NewWriter(&file, options...)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range story() {
			if err := w.Write(f); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{{}, {Width: 80, Color: true}, {Width: 120, Verbose: true}} {
			live := render(t, o, story())
			if replayed := render(t, o, replay(t, &file, file.Len())); live != replayed {
				t.Errorf("%+v: live:\n%s\nreplayed:\n%s", o, live, replayed)
			}
		}
	}
}

func replay(t *testing.T, file *bytes.Buffer, n int) []mem.Frame {
	t.Helper()
	r, err := record.NewReader(bytes.NewReader(file.Bytes()[:n]))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []mem.Frame
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
}

// TestNothingKept: a sink must not keep what a frame points to, so frames that
// are overwritten after each call print the same.
func TestNothingKept(t *testing.T) {
	server := mem.Process{PID: storyPID, Comm: "server", GoVersion: "go1.27"}
	frames := func() []mem.Frame {
		program := server
		return append(story(), becomes("go1.26.8", &program)[1:]...)
	}
	want := render(t, Options{Verbose: false}, frames())
	if !strings.Contains(want, "go1.27") {
		t.Fatal("no exec in the story")
	}
	var out bytes.Buffer
	tl := New(&out, Options{})
	for _, f := range frames() {
		if err := tl.Frame(f); err != nil {
			t.Fatal(err)
		}
		scribble(f)
	}
	tl.Overhead(300 * time.Millisecond)
	if err := tl.Close(); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("frames were kept; got:\n%s", out.String())
	}
}

func scribble(f mem.Frame) {
	switch {
	case f.Header != nil:
		*f.Header = mem.Header{}
	case f.Event != nil:
		*f.Event = mem.Event{PID: 1, Call: "scribble"}
	case f.Sample != nil:
		if f.Sample.MemStats != nil {
			*f.Sample.MemStats = mem.MemStats{}
		}
		if f.Sample.Returned != nil {
			f.Sample.Returned.Resident = 1 << 40
		}
		*f.Sample = mem.Sample{}
	case f.Mark != nil:
		if f.Mark.Process != nil {
			*f.Mark.Process = mem.Process{Comm: "scribble"}
		}
		*f.Mark = mem.Mark{Why: "scribble"}
	case f.Lost != nil:
		clear(f.Lost.Reasons)
	}
}
