package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/culprit"
	"whyres/collector/explain"
	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
)

// Each culprit gets its own cause first, with the bytes that it made, on each of
// its Go releases; with its remedy the cause goes; and none gets another's cause
// as proved. WHYRES_CULPRITS narrows them to some, by name.
func TestCulprits(t *testing.T) {
	privileged(t)
	all, err := culprit.All("testdata/culprits")
	if err != nil {
		t.Fatal(err)
	}
	var m matrix
	t.Run("all", func(t *testing.T) {
		for _, c := range all {
			if only := os.Getenv("WHYRES_CULPRITS"); only != "" && !slices.Contains(strings.Fields(only), c.Name) {
				continue
			}
			for _, toolchain := range c.Go {
				t.Run(c.Name+"/"+toolchain, func(t *testing.T) {
					t.Parallel()
					needs(t, c)
					checkCulprit(t, &m, c, toolchain)
				})
			}
		}
	})
	m.print(t)
}

// checkCulprit runs it as it is, and with its remedy.
func checkCulprit(t *testing.T, m *matrix, c culprit.Culprit, toolchain string) {
	v, made := judgeCulprit(t, c, toolchain)
	m.note(c, toolchain, v)
	sum := v.Healthy
	for _, cause := range v.Causes {
		sum += cause.Bytes
		if cause.ID != c.Cause && cause.Confidence == causes.Proved && !slices.Contains(c.Also, cause.ID) {
			t.Errorf("it gets %s as proved, with %s", cause.ID, ledger.Size(cause.Bytes))
		}
	}
	if sum != v.RES {
		t.Errorf("causes and what is healthy sum to %d, RES is %d", sum, v.RES)
	}
	first := slices.IndexFunc(v.Causes, func(cause explain.Cause) bool { return !slices.Contains(c.Also, cause.ID) })
	if first < 0 || v.Causes[first].ID != c.Cause {
		t.Errorf("its cause does not come first")
	} else {
		checkFirst(t, c, &v.Causes[first], made)
	}
	if t.Failed() {
		logVerdict(t, v)
		return
	}
	if c.Remedy == nil {
		return
	}
	healed := c.Remedied()
	if c.Remedy.Go != "" {
		toolchain = c.Remedy.Go
	}
	v, _ = judgeCulprit(t, healed, toolchain)
	for _, cause := range v.Causes {
		if cause.ID == c.Cause && cause.Confidence != causes.Possible {
			t.Errorf("with its remedy (%s) it still has the cause, with %s", c.Remedy.What, ledger.Size(cause.Bytes))
			logVerdict(t, v)
		}
	}
}

func checkFirst(t *testing.T, c culprit.Culprit, first *explain.Cause, made int64) {
	t.Helper()
	bytes := first.Bytes
	if c.Beside {
		bytes = first.Beside
	}
	if off := bytes - made; 100*max(off, -off) > int64(c.Within)*made {
		t.Errorf("%s holds %s, the culprit made %s", first.ID, ledger.Size(bytes), ledger.Size(made))
	}
	order := []causes.Confidence{causes.Proved, causes.Likely, causes.Possible}
	if slices.Index(order, first.Confidence) > slices.Index(order, causes.Confidence(c.Confidence)) {
		t.Errorf("%s is %s, want %s", first.ID, first.Confidence, c.Confidence)
	}
	if len(first.Evidence) == 0 || len(first.Remedy) == 0 || first.Says == "" {
		t.Errorf("%s lacks evidence, a remedy or its sentence: %+v", first.ID, first)
	}
	t.Logf("%s, %s: %s of %s made", first.ID, first.Confidence, ledger.Size(bytes), ledger.Size(made))
}

// needs skips what this machine cannot do.
func needs(t *testing.T, c culprit.Culprit) {
	t.Helper()
	for _, what := range c.Needs {
		switch what {
		case "gcc":
			need(t, "gcc")
		case "setting":
			if os.Getenv("WHYRES_SETTINGS") == "" {
				t.Skip("it changes a setting of the host: WHYRES_SETTINGS=1 allows it")
			}
		}
	}
}

// judgeCulprit builds and runs it, and returns the verdict and what it made.
func judgeCulprit(t *testing.T, c culprit.Culprit, toolchain string) (v *explain.Verdict, made int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	program, err := c.Build(ctx, toolchain, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	running, err := c.Start(program)
	if err != nil {
		t.Fatal(err)
	}
	defer running.Stop()
	settle := func() {
		if made, err = running.Make(); err != nil {
			t.Fatal(err)
		}
		if c.Settle != "" {
			wait, err := time.ParseDuration(c.Settle)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(wait)
		}
	}
	args := append([]string{c.See, "--json", "-p", strconv.Itoa(running.PID)}, c.Flags...)
	if c.See == "trace" {
		return traceCulprit(t, args, settle), made
	}
	settle()
	got := execute(t, exec.Command(built().whyres, args...))
	if got.code != 0 {
		t.Fatalf("explain: exit %d: %s", got.code, got.err)
	}
	return decodeVerdict(t, got.out), made
}

// traceCulprit traces while the culprit makes its memory.
func traceCulprit(t *testing.T, args []string, settle func()) *explain.Verdict {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trace.json")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(built().whyres, args...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if s, err := os.Stat(file); err == nil && s.Size() > 0 { // the header: it is attached
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("the trace does not begin")
		}
	}
	settle()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return decodeVerdict(t, lines[len(lines)-1])
}

func decodeVerdict(t *testing.T, text string) *explain.Verdict {
	t.Helper()
	var v explain.Verdict
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("no verdict: %v: %.200s", err, text)
	}
	return &v
}

func logVerdict(t *testing.T, v *explain.Verdict) {
	t.Helper()
	var b strings.Builder
	for _, part := range v.Ledger {
		if part.Bytes != 0 {
			fmt.Fprintf(&b, "\t%-32s %s\n", part.ID, ledger.Size(part.Bytes))
		}
	}
	for _, c := range v.Causes {
		fmt.Fprintf(&b, "\t%s, %s: %s and %s beside, %v\n", c.ID, c.Confidence, ledger.Size(c.Bytes), ledger.Size(c.Beside), c.Evidence)
	}
	t.Logf("RES %s, healthy %s, warnings %q\n%s", ledger.Size(v.RES), ledger.Size(v.Healthy), v.Warnings, b.String())
}

// matrix is which culprit got which causes.
type matrix struct {
	mu   sync.Mutex
	rows []string
}

func (m *matrix) note(c culprit.Culprit, toolchain string, v *explain.Verdict) {
	var cells []string
	for _, cause := range v.Causes {
		cells = append(cells, fmt.Sprintf("%s %s %s", cause.ID, cause.Confidence, ledger.Size(max(cause.Bytes, cause.Beside))))
	}
	if len(cells) == 0 {
		cells = []string{"healthy"}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = append(m.rows, fmt.Sprintf("%-22s %-10s %s", c.Name, toolchain, strings.Join(cells, " | ")))
}

func (m *matrix) print(t *testing.T) {
	slices.Sort(m.rows)
	t.Logf("which culprit gets which causes:\n%s", strings.Join(m.rows, "\n"))
}
