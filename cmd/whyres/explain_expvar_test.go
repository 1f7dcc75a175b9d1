package main

import (
	"encoding/json"
	"expvar"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// This very process serves its variables and is explained.
func TestExplainByExpvar(t *testing.T) {
	privileged(t)
	server := httptest.NewServer(expvar.Handler())
	defer server.Close()
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var own runtime.MemStats
	runtime.ReadMemStats(&own)
	verdict := explainJSON(t, os.Getpid(), "--expvar", server.URL)
	stats := verdict["memstats"].(map[string]any)
	if stats["source"] != "expvar" || stats["num_gc"] != float64(own.NumGC) || float(stats["sys"]) < float64(own.Sys) {
		t.Errorf("%v; it itself says GC %d, sys %d", stats, own.NumGC, own.Sys)
	}
	if ago := time.Duration(float(verdict["last_gc_ago_ns"])); ago <= 0 || ago > 10*time.Second {
		t.Errorf("the last GC was %v ago", ago)
	}
	checkLedger(t, verdict)
	if strings.Contains(warningsOf(verdict), "another process") {
		t.Errorf("%v", verdict["warnings"])
	}
}

// The numbers asked for stand in MemStats; the ledger keeps to the memory.
func TestExplainByExpvarBesideTheMemory(t *testing.T) {
	privileged(t)
	pid, _ := atRest(t)
	made := runtime.MemStats{Sys: 7 << 30, HeapSys: 6 << 30, HeapInuse: 5 << 30, NumGC: 4321}
	text, err := json.Marshal(map[string]any{"memstats": made, "cmdline": []string{built().subject, "rest"}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) }))
	defer server.Close()
	plain, verdict := explainJSON(t, pid), explainJSON(t, pid, "--expvar", server.URL)
	stats := verdict["memstats"].(map[string]any)
	if stats["source"] != "expvar" || stats["heap_sys"] != float64(made.HeapSys) || stats["num_gc"] != float64(made.NumGC) || stats["gc_percent"] != 100.0 {
		t.Errorf("%v", stats)
	}
	if a, b := asText(t, plain["ledger"]), asText(t, verdict["ledger"]); a != b {
		t.Errorf("the ledger of a process at rest was\n%s\nand is\n%s", a, b)
	}
	if len(verdict["warnings"].([]any)) != len(plain["warnings"].([]any)) {
		t.Errorf("%v", verdict["warnings"])
	}
}

// Where the runtime cannot be read, and what answers is another process.
func TestExplainByExpvarOfAnother(t *testing.T) {
	privileged(t)
	server := httptest.NewServer(expvar.Handler())
	defer server.Close()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	time.Sleep(100 * time.Millisecond)
	verdict := explainJSON(t, cmd.Process.Pid, "--expvar", server.URL)
	if source := verdict["memstats"].(map[string]any)["source"]; source != "expvar" {
		t.Errorf("MemStats from %v", source)
	}
	if text := warningsOf(verdict); !strings.Contains(text, `as "sleep 60"`) || !strings.Contains(text, "GOGC and the memory limit") {
		t.Errorf("%s", text)
	}
	checkLedger(t, verdict)
}

func warningsOf(verdict map[string]any) string {
	return strings.Join(stringsOf(verdict["warnings"]), "\n")
}

func stringsOf(list any) (out []string) {
	for _, text := range list.([]any) {
		out = append(out, text.(string))
	}
	return out
}

func asText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
