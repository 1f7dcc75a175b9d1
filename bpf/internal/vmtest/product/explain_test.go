package product

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whyres/bpf/internal/vmtest/programs"
)

// A target of each Go release, from its first mapping to its end. Its own
// ReadMemStats and the kernel's smaps_rollup are what whyres is compared with.
func TestTraceAndExplain(t *testing.T) {
	privileged(t)
	for _, toolchain := range programs.Toolchains() {
		t.Run(toolchain, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "target.whyres.zst")
			said := make(chan string, 1)
			var other []string
			tr := startTrace(t, func(line string) {
				if strings.HasPrefix(line, "{") {
					said <- line
				} else {
					other = append(other, line)
				}
			}, "-o", file, "--every", "500ms", "--", program(programs.Target(toolchain)))
			var own struct{ HeapSys, NumGC int64 }
			select {
			case line := <-said:
				own = decode[struct{ HeapSys, NumGC int64 }](t, []byte(line))
			case <-time.After(2 * time.Minute):
				t.Fatalf("the target does not come to rest: %q", other)
			}
			pid := tr.waitFor(t, "header", func(l *traceLine) bool { return l.Type == "header" }).Process.PID
			atRest(t, pid, toolchain, own.HeapSys, own.NumGC)
			if err := tr.stdin.Close(); err != nil { // the target ends, and the trace with it
				t.Fatal(err)
			}
			tr.end(t)
			checkReleases(t, tr.all())
			if info, err := os.Stat(file); err != nil || info.Size() == 0 {
				t.Errorf("the recording: %v, %v", info, err)
			}
		})
	}
}

// atRest compares explain with what the process and the kernel say.
func atRest(t *testing.T, pid int, toolchain string, heapSys, numGC int64) {
	t.Helper()
	before := residentBytes(t, pid)
	text := whyres(t, "explain", "--json", "-p", itoa(pid))
	after := residentBytes(t, pid)
	keep(t, "explain-"+toolchain+".json", text)
	e := decode[explained](t, text)
	e.addsUp(t)
	if e.RES < min(before, after) || e.RES > max(before, after) {
		t.Errorf("RES is %d, smaps_rollup says %d before and %d after", e.RES, before, after)
	}
	if e.Process.GoVersion != toolchain || e.MemStats.HeapSys != heapSys || e.MemStats.NumGC != numGC {
		t.Errorf("%s, heap_sys %d, %d GCs; the target says %s, %d, %d",
			e.Process.GoVersion, e.MemStats.HeapSys, e.MemStats.NumGC, toolchain, heapSys, numGC)
	}
	t.Logf("RES %d, %d before and %d after", e.RES, before, after)
}

// checkReleases wants the target's debug.FreeOSMemory: seven eighths of the objects of
// 1 MiB that it made are free by then, and all of their pages were written to.
func checkReleases(t *testing.T, lines []traceLine) {
	t.Helper()
	calls, asked, left := 0, int64(0), int64(0)
	for _, l := range lines {
		if !l.released() {
			continue
		}
		calls++
		asked += l.Len
		left += l.left()
		if l.left() < 0 || l.left() > l.Len {
			t.Errorf("a release of %d bytes took %d out of RES", l.Len, l.left())
		}
	}
	if asked < 4<<20 || left < asked*9/10 {
		t.Errorf("%d releases of %d bytes took %d out of RES", calls, asked, left)
	}
	t.Logf("%d releases of %d bytes took %d out of RES", calls, asked, left)
}
