package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/kernel"
)

// A run that fails says so in its row; the others stand. One target fails in another
// way under each setting: at once, in the burst (of 1.2 s), after it, by having a child
// listen in its place, and by not ending when it is asked to, since it is stopped.
func TestLabWithTargetsThatFail(t *testing.T) {
	l := newLabbing(t)
	server := builtAs("server") + " -addr {addr}"
	script := `case "$GOGC$GODEBUG" in
		50) echo no config >&2; exit 3;;
		25) { sleep 0.4; kill -9 $$; } & ;;
		disablethp=1) { sleep 2; kill -9 $$; } & ;;
		off) { sleep 2; kill -STOP $$; } & ;;
		madvdontneed=0) ` + server + ` & wait; exit 0;;
		esac; exec ` + server
	got, results := l.run("--settle", "2s", "--settings", "gogc-50,gogc-25,disablethp-1,madvdontneed-0,limit-large-gogc-off",
		"--target", "sh -c '"+script+"'", "--load", "sleep 1.2")
	if got.code != 0 {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	for _, c := range []struct {
		id     string
		status lab.Status
		says   string // its problem, or its note
	}{
		{"default", lab.StatusDone, ""},
		{"gogc-50", lab.StatusFailed, "the target ended before it listened (exit status 3): no config"},
		{"gogc-25", lab.StatusFailed, "the target ended before the burst was over (signal: killed)"},
		{"disablethp-1", lab.StatusFailed, "the target ended after the burst (signal: killed)"},
		{"madvdontneed-0", lab.StatusFailed, "(server), a child of the target, which would be measured in its place"},
		{"limit-large-gogc-off", lab.StatusDone, "was killed"},
	} {
		l.saying(row(t, results, c.id), c.status, c.says)
	}
}

// What the kernel refuses to execute: LookPath finds it all the same.
func TestLabWithATargetThatIsNoProgram(t *testing.T) {
	l := newLabbing(t)
	target := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(target, []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	got, results := l.run("--settle", "2s", "--settings", "gogc-50", "--target", target+" {addr}", "--load", "true")
	if got.code != 1 {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	for _, id := range []string{"default", "gogc-50"} {
		l.saying(row(t, results, id), lab.StatusFailed, "exec format error")
	}
}

// saying holds a row to its status and words, which may be its problem or a note.
func (l labbing) saying(r *lab.Row, status lab.Status, says string) {
	l.t.Helper()
	said := []string{r.Problem}
	for _, run := range r.Runs {
		said = append(said, run.Notes...)
	}
	if r.Status != status || !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, says) }) {
		l.t.Errorf("%s is %s and says %q, want %s and %q", r.ID, r.Status, said, status, says)
	}
}

func TestLabWithLoadsThatFail(t *testing.T) {
	for _, c := range []struct {
		name, load string
		code       int
		status     lab.Status
		says       string
	}{
		{"that ends with an error", "echo no route >&2; exit 7", exitFailed, lab.StatusFailed, "the load failed: exit status 7: no route"},
		{"that never ends, nor do its children", "trap '' TERM; sleep 1000 & while :; do sleep 1; done", exitDone, lab.StatusDone, "the load did not end by itself and was ended after 2s (--load-limit)"},
		{"that never finishes its burst", smallLoad(10, "-small 0") + " -l 1000", exitDone, lab.StatusDone, "the load did not end by itself"},
		{"that fails after its burst", smallLoad(10, "-small 0") + "; sleep 0.3; echo gone >&2; exit 9", exitDone, lab.StatusDone, "the load failed before the end of the run: exit status 9: gone"},
		{"whose connections all fail", smallLoad(10, "-small 0 | sed s/connected.:10/connected\\\":0/"), exitFailed, lab.StatusFailed, "none of the load's 20 connections was answered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLabbing(t)
			got, results := l.run("--settle", "1s", "--settings", "default", "--load-limit", "2s", "--load", c.load)
			if got.code != c.code {
				t.Errorf("exit %d: %s", got.code, got.err)
			}
			l.saying(row(t, results, "default"), c.status, c.says)
		})
	}
}

// Only one whyres at a time may change the host's huge pages: the other one's row
// says so.
func TestLabWithARefusedSetting(t *testing.T) {
	l := newLabbing(t)
	before := hostTHP(t)
	other := exec.Command(built().whyres, guardianCommandName)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAtLeast(out, make([]byte, 64), 1); err != nil { // it holds the lock
		t.Fatal(err)
	}
	modes := slices.DeleteFunc([]string{"never", "madvise"}, func(mode string) bool { return strings.Contains(before, "["+mode+"]") })
	args := []string{"--settle", "1s", "--settings", "default", "--load", "sleep 0.2", "--allow-settings", "--thp", modes[0]}
	got, results := l.run(args...)
	_ = in.Close()
	_ = other.Wait()
	if got.code != 0 {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	l.saying(row(t, results, "default"), lab.StatusDone, "")
	l.saying(row(t, results, "thp-"+modes[0]), lab.StatusRefused, "another whyres is changing settings")
	if after := hostTHP(t); after != before {
		t.Errorf("THP was %s, now %s", before, after)
	}
}

// What somebody else sets meanwhile is seen before the next run.
func TestARunUnderAnotherModeFails(t *testing.T) {
	host, err := kernel.Default().Host()
	if err != nil {
		t.Fatal(err)
	}
	then := host
	then.THP = "as it was"
	w := &labWork{results: &labFile{Result: lab.Result{Host: then}}}
	none := func() error { t.Error("it was run"); return nil }
	if refused, err := w.withHugePages("", none); refused != nil || err == nil || !strings.Contains(err.Error(), "huge pages (THP) was as it was") {
		t.Errorf("refused %v, failed %v", refused, err)
	}
	w.results.Host = host
	ran := false
	if refused, err := w.withHugePages("", func() error { ran = true; return nil }); refused != nil || err != nil || !ran {
		t.Errorf("refused %v, failed %v", refused, err)
	}
}

// The mode is the host's only while the run is.
func TestLabPutsTheHostsModeBack(t *testing.T) {
	l := newLabbing(t)
	before := hostTHP(t)
	mode := "never"
	if strings.Contains(before, "[never]") {
		mode = "madvise"
	}
	got, results := l.run("--settle", "1s", "--settings", "default", "--load", "cat "+thpFile+" >>my-modes", "--allow-settings", "--thp", mode)
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	l.saying(row(t, results, "thp-"+mode), lab.StatusDone, "")
	seen, err := os.ReadFile(l.dir + "/my-modes")
	if want := before + strings.NewReplacer("[", "", "]", "", mode, "["+mode+"]").Replace(before); err != nil || string(seen) != want {
		t.Errorf("the loads saw %q, %v, want %q", seen, err, want)
	}
	if after := hostTHP(t); after != before {
		t.Errorf("THP was %s, now %s", before, after)
	}
}

const thpFile = hugePageSettings + "/enabled"

func hostTHP(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(thpFile)
	if err != nil {
		t.Skip("a kernel without huge pages")
	}
	return string(text)
}
