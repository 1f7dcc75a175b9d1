package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"whyres/collector/explain"
	"whyres/collector/ledger"
	"whyres/collector/mem"
	"whyres/collector/record"
)

func reported(stdin string, args ...string) (out, diagnostics string, code int) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{"report"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	return stdout.String(), stderr.String(), code
}

// framesOf reads a recording by itself.
func framesOf(t *testing.T, path string) (frames []mem.Frame) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := record.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
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

// Every number that the charts draw is the recording's: the samples' own, and the sums
// over its calls.
func TestReportHasTheRecordingsNumbers(t *testing.T) {
	for _, path := range []string{lazyFree, eagerFree, held} {
		page, diagnostics, code := reported("", path)
		if code != exitDone || diagnostics != "" {
			t.Fatalf("%s: exit %d, %s", path, code, diagnostics)
		}
		d := dataOf(t, page).Recordings[0]
		var calls, asked, left, gcs float64
		looks, stats := 0, map[float64]*mem.MemStats{}
		frames := framesOf(t, path)
		zero := frames[0].Header.Mono
		for _, f := range frames {
			switch {
			case f.Event != nil && f.Event.PID == frames[0].Header.Process.PID:
				calls++
				asked += float64(f.Event.Len)
				left -= float64(f.Event.Attributed)
			case f.Mark != nil && f.Mark.Kind == mem.MarkGC:
				gcs += float64(f.Mark.NumGC - cmp.Or(f.Mark.First, f.Mark.NumGC) + 1)
			case f.Sample != nil:
				stats[float64(f.Sample.At-zero)] = f.Sample.MemStats
				if f.Sample.Full() {
					checkLook(t, path, &d.Ledger.At, d.Ledger.RES, looks, f.Sample, float64(f.Sample.At-zero))
					looks++
				}
			}
		}
		var gotCalls, gotGCs float64
		for i, k := range d.Marks.Kind {
			switch kind := d.Kinds[int(k)]; {
			case kind.Lane == "gc":
				gotGCs += d.Marks.Calls[i]
			case kind.Call != "":
				gotCalls += d.Marks.Calls[i]
			}
		}
		if gotCalls != calls || d.Marks.Asked.sum() != asked || d.Marks.Left.sum() != left || gotGCs != gcs {
			t.Errorf("%s: the page has %v calls, %v asked, %v left, %v GCs; the recording %v, %v, %v, %v", path,
				gotCalls, d.Marks.Asked.sum(), d.Marks.Left.sum(), gotGCs, calls, asked, left, gcs)
		}
		if len(d.Ledger.At) != looks || looks == 0 {
			t.Errorf("%s: %d full looks of %d", path, len(d.Ledger.At), looks)
		}
		for i := range d.Ledger.At {
			var sum float64
			for _, l := range d.Ledger.Layers {
				sum += l.Bytes[i]
			}
			if sum != d.Ledger.RES[i] {
				t.Errorf("%s: the parts of look %d sum to %v of %v", path, i, sum, d.Ledger.RES[i])
			}
		}
		for _, line := range d.Stats {
			if line.ID != "heap_inuse" && line.ID != "heap_released" {
				continue
			}
			for i, at := range line.At {
				want, m := math.NaN(), stats[at]
				switch {
				case m != nil && line.ID == "heap_released":
					want = float64(m.HeapReleased)
				case m != nil:
					want = float64(m.HeapInuse)
				}
				if line.Value[i] != want && !(math.IsNaN(want) && math.IsNaN(line.Value[i])) {
					t.Errorf("%s: %s at %v is %v, the sample says %v", path, line.ID, at, line.Value[i], want)
				}
			}
		}
	}
}

// checkLook: look i is of that sample, its rows of mappings sum to smaps.
func checkLook(t *testing.T, path string, at *pageColumn, res pageColumn, i int, s *mem.Sample, when float64) {
	t.Helper()
	if i >= len(*at) || (*at)[i] != when || res[i] != float64(s.RSS.Total()) {
		t.Errorf("%s: look %d is not of the sample at %v", path, i, when)
	}
}

// What is resident in the map's rows is what smaps said of the mappings.
func TestReportMapsTheAddressSpace(t *testing.T) {
	page, _, _ := reported("", held)
	d := dataOf(t, page).Recordings[0]
	look := 0
	for _, f := range framesOf(t, held) {
		if f.Sample == nil || !f.Sample.Full() {
			continue
		}
		var want, got float64
		for _, v := range f.Sample.VMAs {
			want += float64(v.Rss)
		}
		for _, r := range d.Space.Rows {
			if !math.IsNaN(r.Resident[look]) {
				got += r.Resident[look]
			}
		}
		if got != want || want == 0 {
			t.Errorf("look %d: %v resident in the map, %v by smaps", look, got, want)
		}
		look++
	}
}

// The same verdict as replay prints, without its type.
func TestReportJSON(t *testing.T) {
	for _, args := range [][]string{{held, "--format", "json"}, {held, "--json"}, {held, "--json", "--format=json"}} {
		out, diagnostics, code := reported("", args...)
		if code != exitDone || diagnostics != "" {
			t.Fatalf("exit %d, %s", code, diagnostics)
		}
		var replayed bytes.Buffer
		run(context.Background(), []string{"replay", "--json", held}, nil, &replayed, io.Discard)
		lines := strings.Split(strings.TrimSpace(replayed.String()), "\n")
		if want := strings.Replace(lines[len(lines)-1], `"type":"verdict",`, "", 1); strings.TrimSpace(out) != want {
			t.Errorf("%q: %.200s, replay says %.200s", args, out, want)
		}
		var v explain.Verdict
		if err := json.Unmarshal([]byte(out), &v); err != nil || v.Schema != explain.Schema {
			t.Errorf("%v, schema %q", err, v.Schema)
		}
	}
}

// The sentences are those of the timeline; the page has no other.
func TestReportSaysWhatReplaySays(t *testing.T) {
	page, _, _ := reported("", held)
	out, _, _ := reported("", held, "--json")
	var v explain.Verdict
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("&#43;", "+", "&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(page)
	if len(v.Why) == 0 || v.Forecast == nil || len(v.Causes) == 0 {
		t.Fatal("a recording that says too little for this test")
	}
	for _, s := range append(append(v.Why, v.Causes[0].Evidence...), v.Causes[0].Remedy[0], ledger.Size(v.RESPeak)) {
		if !strings.Contains(text, s) {
			t.Errorf("not on the page: %s", s)
		}
	}
}
