package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"whyres/cmd/whyres/internal/lab"
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

// pageData is the JSON of a page, as a browser finds it.
type pageData struct {
	Recordings []struct {
		ID    string
		RES   pageLine `json:"res"`
		Stats []pageLine
		Kinds []struct{ Lane, Call, Advice, Who string }
		Marks struct{ Kind, From, To, Calls, Asked, Left, First, Last pageColumn }
		// Ledger and Space.
		Ledger struct {
			At, RES pageColumn
			Layers  []struct {
				ID    string
				Bytes pageColumn
			}
		}
		Space struct {
			Rows []struct {
				Label            string
				Mapped, Resident pageColumn
			}
		}
	}
	Lab *struct {
		Measures []struct {
			ID   string
			Rows []struct {
				Name             string
				Median, Min, Max float64
			}
		}
	}
}

type pageLine struct {
	ID        string
	At, Value pageColumn
}

type pageColumn []float64

func (c *pageColumn) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return err
	}
	for ; len(raw) >= 8; raw = raw[8:] {
		*c = append(*c, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return nil
}

func (c pageColumn) sum() (total float64) {
	for _, v := range c {
		total += v
	}
	return total
}

func dataOf(t *testing.T, page string) pageData {
	t.Helper()
	found := regexp.MustCompile(`<script type="application/json" id="data">(.*)</script>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatal("no data in the page")
	}
	var d pageData
	if err := json.Unmarshal([]byte(found[1]), &d); err != nil {
		t.Fatal(err)
	}
	return d
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

func TestReportWritesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	out, diagnostics, code := reported("", held, "-o", path)
	if code != exitDone || out != "" || !strings.Contains(diagnostics, path+" written") {
		t.Fatalf("exit %d, %q, %q", code, out, diagnostics)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, diagnostics, code = reported("", held, "-o", path)
	if kept, _ := os.ReadFile(path); code != exitFailed || !strings.Contains(diagnostics, "--force") || string(kept) != "mine" {
		t.Errorf("exit %d, %s: %.20q is there now", code, diagnostics, kept)
	}
	if _, diagnostics, code = reported("", held, "-o", path, "--force"); code != exitDone {
		t.Errorf("with --force: exit %d, %s", code, diagnostics)
	}
	if page, _ := os.ReadFile(path); !bytes.HasPrefix(page, []byte("<!doctype html>")) {
		t.Errorf("%.40q", page)
	}
}

func TestReportOfBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(held)
	if err != nil {
		t.Fatal(err)
	}
	cut := file("cut.zst", string(whole[:len(whole)/2]))
	page := filepath.Join(dir, "page.html")
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing":             {nil, exitUsage, "wants a recording"},
		"stdin twice":         {[]string{"-", "-"}, exitUsage, "only once"},
		"another format":      {[]string{held, "--format", "pdf"}, exitUsage, "html, json"},
		"two formats":         {[]string{held, "--json", "--format", "html"}, exitUsage, "contradict"},
		"a color":             {[]string{held, "--color", "red"}, exitUsage, "--color"},
		"no file":             {[]string{filepath.Join(dir, "none")}, exitFailed, "no such file"},
		"empty":               {[]string{file("empty", "")}, exitFailed, "it is empty"},
		"no recording":        {[]string{file("text", "hello\n")}, exitFailed, "not a whyres recording"},
		"a folder":            {[]string{dir}, exitFailed, "no lab's folder"},
		"a lab without runs":  {[]string{file("lab/results.json", `{"schema":"whyres/lab/1","settings":[{"id":"default","runs":[]}]}`)}, exitFailed, "no run yet"},
		"a lab's folder":      {[]string{filepath.Join(dir, "lab")}, exitFailed, "no run yet"},
		"a damaged lab":       {[]string{file("bad.json", `{"schema":"whyres/lab/1","settings":[`)}, exitFailed, "not what whyres lab writes"},
		"a lab of tomorrow":   {[]string{file("new.json", `{"schema":"whyres/lab/2"}`)}, exitFailed, "made by another whyres"},
		"good and bad":        {[]string{held, file("bad", "x")}, exitFailed, "not a whyres recording"},
		"a cut one is shown":  {[]string{cut}, exitDone, "cut short"},
		"nowhere to write to": {[]string{held, "-o", filepath.Join(dir, "no/such/folder.html")}, exitFailed, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			args := c.args
			if !strings.Contains(strings.Join(args, " "), "-o ") && len(args) > 0 {
				args = append(args, "-o", page, "--force")
			}
			_, diagnostics, code := reported("", args...)
			if code != c.code || !strings.Contains(diagnostics, c.says) {
				t.Errorf("exit %d, want %d: %s", code, c.code, diagnostics)
			}
			if _, err := os.Stat(page); (err == nil) != (code == exitDone) {
				t.Errorf("exit %d, and the page: %v", code, err)
			}
			_ = os.Remove(page)
		})
	}
	// What is there of a cut recording stands on the page, and that it was cut.
	out, _, _ := reported(string(whole[:len(whole)/2]), "-")
	if !strings.Contains(out, "The recording was cut short") || len(dataOf(t, out).Recordings[0].RES.At) == 0 {
		t.Error("the page does not say that its recording was cut short, or has nothing of it")
	}
}

// Several recordings are on one page, each with its own numbers.
func TestReportOfSeveral(t *testing.T) {
	out, diagnostics, code := reported("", lazyFree, eagerFree, held)
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	d := dataOf(t, out)
	if len(d.Recordings) != 3 || !strings.Contains(out, `id="over"`) {
		t.Fatalf("%d recordings", len(d.Recordings))
	}
	for i, path := range []string{lazyFree, eagerFree, held} {
		frames := framesOf(t, path)
		var last *mem.Sample
		for _, f := range frames {
			if f.Sample != nil {
				last = f.Sample
			}
		}
		values := d.Recordings[i].RES.Value
		if got := values[len(values)-1]; got != float64(last.RSS.Total()) {
			t.Errorf("%s ends at %v, its last sample at %d", path, got, last.RSS.Total())
		}
	}
}

// labIn writes a lab's folder: two settings, the first with two runs, one setting that
// was refused, and a name that leads out of the folder.
func labIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	whole, err := os.ReadFile(held)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"default-1.whyres.zst", "default-2.whyres.zst", "gogc-50-1.whyres.zst"} {
		if err := os.WriteFile(filepath.Join(dir, name), whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "outside.zst"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	less := -1
	run := func(n int, files ...string) lab.Run {
		return lab.Run{Number: n, Status: lab.StatusDone, Recordings: files, GoVersion: "go1.26.8"}
	}
	r := lab.Result{
		Schema: lab.Schema, Scenario: "a <b>bold</b> scenario", Runs: 2, Servers: 1, Goal: lab.GoalRES, Host: mem.Host{Kernel: "6.18", CPUs: 2, THP: "madvise"},
		Recommendation: []string{"GOGC=50 is best.", "It costs nothing."},
		Rows: []lab.Row{
			{
				Setting: lab.Setting{ID: "gogc-50", Name: "GOGC=50"}, Status: lab.StatusDone, Runs: []lab.Run{run(1, "gogc-50-1.whyres.zst")},
				Measures: lab.Measures[lab.Spread]{Peak: lab.Spread{Median: 80 << 20, Min: 79 << 20, Max: 81 << 20, N: 2}},
				Against:  lab.Measures[*int]{Peak: &less},
			},
			{
				Setting: lab.Setting{ID: "default", Name: "default"}, Status: lab.StatusDone,
				Runs:     []lab.Run{run(1, "default-1.whyres.zst"), run(2, "default-2.whyres.zst", "../outside.zst", "missing.zst")},
				Measures: lab.Measures[lab.Spread]{Peak: lab.Spread{Median: 100 << 20, Min: 99 << 20, Max: 103 << 20, N: 2}},
			},
			{Setting: lab.Setting{ID: "thp-always", Name: "THP always"}, Status: lab.StatusRefused, Problem: "the kernel has no such mode"},
		},
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReportOfALab(t *testing.T) {
	dir := labIn(t)
	out, diagnostics, code := reported("", dir)
	if code != exitDone || diagnostics != "" {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	d := dataOf(t, out)
	if len(d.Recordings) != 3 {
		t.Errorf("%d recordings, want the three that are in the folder", len(d.Recordings))
	}
	m := d.Lab.Measures
	if len(m) != 1 || m[0].ID != "res_peak" || m[0].Rows[0].Median != 80<<20 || m[0].Rows[1].Max != 103<<20 {
		t.Errorf("bars: %+v", m)
	}
	for _, want := range []string{
		"GOGC=50 is best.", "80.0 MiB ▼\n79.0 to 81.0 MiB<", "100.0 MiB\n99.0 to 103.0 MiB<", "the kernel has no such mode",
		"a &lt;b&gt;bold&lt;/b&gt; scenario", "missing.zst could not be read", "outside.zst could not be read", "default, run 2",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("not on the page: %s", want)
		}
	}
	// The results file by itself, and the result again as JSON.
	if again, _, _ := reported("", filepath.Join(dir, "results.json")); len(dataOf(t, again).Recordings) != 3 {
		t.Error("results.json by itself shows another page")
	}
	var r lab.Result
	if text, _, _ := reported("", dir, "--json"); json.Unmarshal([]byte(text), &r) != nil || len(r.Rows) != 3 {
		t.Errorf("as JSON: %.100s", text)
	}
}
