package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/encoding/protowire"
)

func exported(stdin []byte, args ...string) ended {
	out, diagnostics, code := reported(string(stdin), args...)
	return ended{out, diagnostics, code}
}

// replayedVerdict is what replay sums the recording up to.
func replayedVerdict(t *testing.T, path string) (v struct {
	Releases struct{ Asked, Attributed int64 }
	Reserved int64
	Calls    []struct{ Calls int }
},
) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), []string{"replay", "--json", path}, strings.NewReader(""), &stdout, &stderr); code != exitDone {
		t.Fatalf("exit %d, %s", code, stderr.String())
	}
	text := strings.TrimSpace(stdout.String())
	if err := json.Unmarshal([]byte(text[strings.LastIndexByte(text, '\n')+1:]), &v); err != nil {
		t.Fatal(err)
	}
	if v.Releases.Asked == 0 || len(v.Calls) == 0 {
		t.Fatal("a recording of nothing proves nothing")
	}
	return v
}

// TestReportPprof: the file's totals are the verdict's, and the real tool reads it.
func TestReportPprof(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.pb.gz")
	if got := exported(nil, eagerFree, "--format", "pprof", "-o", file); got.code != exitDone || got.out != "" || !strings.Contains(got.err, "written") {
		t.Fatalf("%+v", got)
	}
	made, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(made)
	if err != nil {
		t.Fatal(err)
	}
	v := replayedVerdict(t, eagerFree)
	for i, kind := range p.SampleType {
		want, known := map[string]int64{"released": v.Releases.Asked, "left_res": v.Releases.Attributed, "mapped": v.Reserved}[kind.Type]
		var got int64
		for _, s := range p.Sample {
			got += s.Value[i]
		}
		if known && got != want {
			t.Errorf("%s: %d, want %d", kind.Type, got, want)
		}
	}
	out, err := exec.Command("go", "tool", "pprof", "-top", "-sample_index=left_res", file).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("runtime.madvise")) || !bytes.Contains(out, []byte("Type: left_res")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestReportPerfetto: packets to the last byte, and at least two for each call. What
// is in them, the package's own tests read by the schema.
func TestReportPerfetto(t *testing.T) {
	recording, err := os.ReadFile(held)
	if err != nil {
		t.Fatal(err)
	}
	got := exported(recording, "-", "--format", "perfetto")
	if got.code != exitDone || got.err != "" {
		t.Fatalf("exit %d, %s", got.code, got.err)
	}
	calls := 0
	for _, c := range replayedVerdict(t, held).Calls {
		calls += c.Calls
	}
	packets, rest := 0, []byte(got.out)
	for len(rest) > 0 {
		field, kind, n := protowire.ConsumeField(rest)
		if field != 1 || kind != protowire.BytesType || n <= 0 {
			t.Fatalf("packet %d is none", packets)
		}
		packets, rest = packets+1, rest[n:]
	}
	if packets < 2*calls {
		t.Errorf("%d packets for %d calls", packets, calls)
	}
}

func TestReportExportRefuses(t *testing.T) {
	dir := t.TempDir()
	there, bad := filepath.Join(dir, "there"), filepath.Join(dir, "bad")
	for _, path := range []string{there, bad} {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	none := filepath.Join(dir, "none")
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a file that is there", []string{held, "--format", "pprof", "-o", there}, exitFailed, "--force"},
		{"two recordings", []string{held, eagerFree, "--format", "perfetto", "-o", none}, exitUsage, "one recording"},
		{"no recording", []string{bad, "--format", "pprof", "-o", none}, exitFailed, "not a whyres recording"},
		{"no file", []string{none + "x", "--format", "perfetto", "-o", none}, exitFailed, "no such file"},
		{"a folder", []string{dir, "--format", "perfetto", "-o", none}, exitFailed, "is a directory"},
		{"a format that is none", []string{held, "--format", "svg"}, exitUsage, "html, json, pprof, perfetto"},
		{"JSON of it", []string{held, "--format", "pprof", "--json"}, exitUsage, "contradict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := exported(nil, c.args...)
			if got.code != c.code || got.out != "" || !strings.Contains(got.err, c.says) {
				t.Errorf("%+v", got)
			}
			if _, err := os.Stat(none); err == nil {
				t.Error("a file is left behind")
			}
		})
	}
	if kept, err := os.ReadFile(there); err != nil || string(kept) != "mine" {
		t.Errorf("%q, %v", kept, err)
	}
	if got := exported(nil, held, "--format", "pprof", "-o", there, "--force"); got.code != exitDone {
		t.Errorf("%+v", got)
	}
}

// TestReportExportCut: of a recording that was cut short there is what was read, and
// it is said.
func TestReportExportCut(t *testing.T) {
	whole, err := os.ReadFile(held)
	if err != nil {
		t.Fatal(err)
	}
	got := exported(whole[:len(whole)/2], "-", "--format", "pprof")
	if got.code != exitDone || !strings.Contains(got.err, "cut short") {
		t.Fatalf("exit %d, %s", got.code, got.err)
	}
	p, err := profile.ParseData([]byte(got.out))
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(p.Comments, "\n"); !strings.Contains(all, "cut short in line") {
		t.Errorf("the profile does not say it:\n%s", all)
	}
	if got := exported(whole[:len(whole)/2], "-", "--format", "perfetto"); got.code != exitDone || !strings.Contains(got.out, "recording cut short") {
		t.Errorf("exit %d, and the trace does not say it", got.code)
	}
}

// TestReportExportTerminal: bytes are not thrown at a terminal.
func TestReportExportTerminal(t *testing.T) {
	_, screen := terminal(t, 80, 24)
	defer screen.Close()
	for _, format := range []string{"pprof", "perfetto"} {
		var stderr bytes.Buffer
		code := run(context.Background(), []string{"report", held, "--format", format}, strings.NewReader(""), screen, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), format+" is no text for a terminal") {
			t.Errorf("exit %d, %s", code, stderr.String())
		}
	}
}
