package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/culprit"
	"whyres/collector/explain"
	"whyres/collector/explain/causes"
	"whyres/collector/kernel"
	"whyres/collector/ledger"
	"whyres/collector/mem"
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
	own := ownCauses(c, made)
	m.note(c, toolchain, own, v)
	checkSum(t, v)
	for _, cause := range v.Causes {
		if cause.Confidence == causes.Proved && !slices.Contains(own, cause.ID) && !slices.Contains(c.Also, cause.ID) {
			t.Errorf("it gets %s as proved, with %s", cause.ID, ledger.Size(cause.Bytes))
		}
	}
	first := slices.IndexFunc(v.Causes, func(cause explain.Cause) bool { return !slices.Contains(c.Also, cause.ID) })
	switch {
	case c.Mixed:
		checkMixed(t, c, v, made)
	case first < 0 || v.Causes[first].ID != c.Cause:
		t.Errorf("its cause does not come first")
	default:
		checkCause(t, c, &v.Causes[first], made.Total)
	}
	if t.Failed() {
		logVerdict(t, v)
		return
	}
	if c.Remedy != nil {
		checkRemedy(t, c, toolchain)
	}
}

// ownCauses are those that the culprit makes memory for.
func ownCauses(c culprit.Culprit, made culprit.Made) []string {
	if c.Mixed {
		return slices.Sorted(maps.Keys(made.Parts))
	}
	return []string{c.Cause}
}

func checkSum(t *testing.T, v *explain.Verdict) {
	t.Helper()
	sum := v.Healthy
	for _, cause := range v.Causes {
		sum += cause.Bytes
	}
	if sum != v.RES {
		t.Errorf("causes and what is healthy sum to %d, RES is %d", sum, v.RES)
	}
}

// checkMixed: each of its causes is there, with what it made for it.
func checkMixed(t *testing.T, c culprit.Culprit, v *explain.Verdict, made culprit.Made) {
	t.Helper()
	var sum int64
	for id, bytes := range made.Parts {
		sum += bytes
		if _, known := causes.ByID(id); !known {
			t.Errorf("the catalogue has no %s", id)
			continue
		}
		at := slices.IndexFunc(v.Causes, func(found explain.Cause) bool { return found.ID == id })
		if at < 0 {
			t.Errorf("%s is not named, the culprit made %s for it", id, ledger.Size(bytes))
			continue
		}
		checkCause(t, c, &v.Causes[at], bytes)
	}
	if len(made.Parts) < 3 || sum != made.Total {
		t.Errorf("it says that it made %d, and parts %v", made.Total, made.Parts)
	}
}

// checkRemedy: with its remedy it has the cause no more.
func checkRemedy(t *testing.T, c culprit.Culprit, toolchain string) {
	t.Helper()
	if c.Remedy.Go != "" {
		toolchain = c.Remedy.Go
	}
	v, _ := judgeCulprit(t, c.Remedied(), toolchain)
	for _, cause := range v.Causes {
		if cause.ID == c.Cause && cause.Confidence != causes.Possible {
			t.Errorf("with its remedy (%s) it still has the cause, with %s", c.Remedy.What, ledger.Size(cause.Bytes))
			logVerdict(t, v)
		}
	}
}

// checkCause holds a cause against what the culprit made for it.
func checkCause(t *testing.T, c culprit.Culprit, found *explain.Cause, made int64) {
	t.Helper()
	bytes := found.Bytes
	if c.Beside {
		bytes = found.Beside
	}
	if off := bytes - made; 100*max(off, -off) > int64(c.Within)*made {
		t.Errorf("%s holds %s, the culprit made %s", found.ID, ledger.Size(bytes), ledger.Size(made))
	}
	least := c.Confidence
	if own, ok := c.Least[found.ID]; ok {
		least = own
	}
	order := []causes.Confidence{causes.Proved, causes.Likely, causes.Possible}
	if slices.Index(order, found.Confidence) > slices.Index(order, causes.Confidence(least)) {
		t.Errorf("%s is %s, want %s", found.ID, found.Confidence, least)
	}
	if len(found.Evidence) == 0 || len(found.Remedy) == 0 || found.Says == "" {
		t.Errorf("%s lacks evidence, a remedy or its sentence: %+v", found.ID, found)
	}
	t.Logf("%s, %s: %s of %s made", found.ID, found.Confidence, ledger.Size(bytes), ledger.Size(made))
}

// needs skips what this machine cannot do.
func needs(t *testing.T, c culprit.Culprit) {
	t.Helper()
	missing := ""
	for _, what := range c.Needs {
		switch what {
		case "gcc":
			need(t, "gcc")
		case "thp":
			if host, err := kernel.Default().Host(); err != nil || host.THP == "never" || host.THP == "none" {
				missing = fmt.Sprintf("this host makes no huge pages: they are set to %s (%v)", host.THP, err)
			}
		case "scan":
			if !tellsHugePages(t) {
				missing = "this kernel does not tell which pages are huge"
			}
		}
	}
	switch {
	case missing == "":
	case os.Getenv("WHYRES_NEED") != "":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// tellsHugePages: the kernel has PAGEMAP_SCAN.
func tellsHugePages(t *testing.T) bool {
	t.Helper()
	self, err := kernel.Default().Open(os.Getpid(), kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = self.Close() }()
	page := []mem.Range{mem.RangeAt(mem.Addr(os.Getpagesize()), uint64(os.Getpagesize()))}
	if err := self.Resident(page, func(mem.Range) {}); err != nil {
		t.Fatal(err)
	}
	return self.ResidentWay() == kernel.WayScan
}

// judgeCulprit builds and runs it, and returns the verdict and what it made.
func judgeCulprit(t *testing.T, c culprit.Culprit, toolchain string) (v *explain.Verdict, made culprit.Made) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	program, err := c.Build(ctx, toolchain, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	running, err := c.Start(ctx, program)
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
		v = traceCulprit(t, args, settle)
		return v, made
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
