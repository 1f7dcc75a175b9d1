package probe

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded are reports that whyres probe --json printed on a real host.
func recorded(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		if out[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// What is read is what was written, and its verdicts are those of its numbers.
func TestReadReal(t *testing.T) {
	for file, text := range recorded(t) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimSpace(string(text)); string(again) != want {
			t.Errorf("%s: written again\n%s\nwant\n%s", file, again, want)
		}
		if len(r.Cases) != len(Catalogue()) {
			t.Errorf("%s: %d cases", file, len(r.Cases))
		}
		for i := range r.Cases {
			if got := Judge(&r.Cases[i]); got != r.Cases[i].Verdict {
				t.Errorf("%s: %s: %s, the numbers say %s", file, r.Cases[i].ID, r.Cases[i].Verdict, got)
			}
		}
	}
}

func TestReadBad(t *testing.T) {
	const good = `{"id":"a","call":"madvise","pages":"4k","verdict":"freed"}`
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", "not what whyres probe"},
		"not JSON":       {"hello", "not what whyres probe"},
		"no schema":      {"{}", "no schema"},
		"a newer one":    {`{"schema":"whyres/probe/2"}`, "use the whyres that wrote it"},
		"something else": {`{"schema":"whyres/doctor/1"}`, "want whyres/probe/1"},
		"two things":     {`{"schema":"whyres/probe/1"}{}`, "not what whyres probe"},
		"cut":            {`{"schema":"whyres/probe/1","cases":[`, "not what whyres probe"},
		"too long":       {`{"schema":"` + strings.Repeat("x", 1<<20) + `"}`, "1024 KiB"},
		"too many cases": {`{"schema":"whyres/probe/1","cases":[` + strings.Repeat("{},", 256) + `{}]}`, "257 cases"},
		"too many notes": {`{"schema":"whyres/probe/1","missing":[` + strings.Repeat(`"",`, 64) + `""]}`, "notes"},
		"no id":          {`{"schema":"whyres/probe/1","cases":[{"verdict":"freed"}]}`, "case 1"},
		"twice":          {`{"schema":"whyres/probe/1","cases":[` + good + "," + good + `]}`, "twice"},
		"negative time":  {`{"schema":"whyres/probe/1","cases":[{"id":"a","verdict":"freed","call_ns":-1}]}`, "-1"},
		"huge change":    {`{"schema":"whyres/probe/1","cases":[{"id":"a","verdict":"freed","to_allocator":-9223372036854775808}]}`, "change"},
		"long text":      {`{"schema":"whyres/probe/1","cases":[{"id":"a","verdict":"freed","unknown":"` + strings.Repeat("x", 3000) + `"}]}`, "too long"},
	} {
		if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestMarkdownGolden(t *testing.T) {
	for file, text := range recorded(t) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := WriteMarkdown(&got, r); err != nil {
			t.Fatal(err)
		}
		path := strings.TrimSuffix(file, ".json") + ".golden.md"
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v; run go test with -update, then read the file", err)
		}
		if got.String() != string(want) {
			t.Errorf("%s differs from what is written now:\n%s", path, got.String())
		}
	}
}

// A file's texts cannot add cells or lines.
func TestMarkdownHostile(t *testing.T) {
	evil := "a|b\n# c\x1b[2J\u009b<script>`x`"
	r := &Report{
		Schema: Schema, Tool: evil, Missing: []string{evil}, Warnings: []string{evil},
		Cases: []Result{{ID: evil, Call: "madvise", Advice: evil, Pages: evil, Errno: evil, Verdict: Verdict(evil)}, {ID: evil, Unknown: evil, Verdict: NotMeasured}},
	}
	r.Host.Kernel, r.Host.Arch, r.Host.THP = evil, evil, evil
	var out bytes.Buffer
	if err := WriteMarkdown(&out, r); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "#") || strings.ContainsAny(line, "\x1b\u009b<>`") || strings.HasPrefix(line, "|") && strings.Count(line, "|") != 9 {
			t.Errorf("line %q", line)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range recorded(f) {
		f.Add(text)
	}
	f.Add([]byte(`{"schema":"whyres/probe/1","cases":[{"id":"a","verdict":"x","rss_change":-1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		if err := WriteMarkdown(&bytes.Buffer{}, r); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		// What grows when it is written again (an escaped sign) may be too long then.
		if back, err := Read(bytes.NewReader(again)); err == nil && !reflect.DeepEqual(r.Cases, back.Cases) && len(r.Cases) > 0 {
			t.Errorf("%+v\nbecame\n%+v", r.Cases, back.Cases)
		}
		for i := range r.Cases {
			if Judge(&r.Cases[i]) == "" {
				t.Error("no verdict")
			}
		}
	})
}
