package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/lab"
)

// What a lab measures is what the kernel itself says of the target, and what its
// recording says again. The order to free is a command of ours, which keeps the
// kernel's own numbers.
func TestLabAgainstTheKernelsOwnNumbers(t *testing.T) {
	l := newLabbing(t)
	status := filepath.Join(l.dir, "my-status")
	got, results := l.run("--settle", "3s", "--settings", "default,free-once", "--load", smallLoad(2000, "-small 0"),
		"--free", "kill -USR2 {pid} && sleep 1 && cat /proc/{pid}/status >"+status)
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	base, freed := row(t, results, "default"), row(t, results, "free-once")
	for _, r := range []*lab.Row{base, freed} {
		if r.Status != lab.StatusDone || len(r.Runs) != 1 || len(r.Runs[0].Recordings) != 1 {
			t.Fatalf("%s: %+v", r.ID, r)
		}
		replayed := execute(t, exec.Command(built().whyres, "replay", "--json", filepath.Join(l.dir, "out", r.Runs[0].Recordings[0])))
		verdict := last(t, lines(t, replayed.out), "verdict")
		if peak, want := known(t, &r.Runs[0], lab.Peak), float(verdict["res_peak"]); peak != want {
			t.Errorf("%s: peak %v, replayed %v", r.ID, peak, want)
		}
		if rest, want := known(t, &r.Runs[0], lab.Rest), float(verdict["res_bytes"]); rest != want {
			t.Errorf("%s: at rest %v, replayed %v", r.ID, rest, want)
		}
	}
	// The counters of status lag behind by so many pages a CPU or thread.
	const lag = 1 << 20
	hwm, rss := kernelSays(t, status, "VmHWM"), kernelSays(t, status, "VmRSS")
	if peak := known(t, &freed.Runs[0], lab.Peak); peak < hwm-lag || peak > hwm+lag {
		t.Errorf("peak %v, the kernel says %v", peak, hwm)
	}
	rest := known(t, &freed.Runs[0], lab.Rest)
	if rest < rss-lag || rest > rss+lag {
		t.Errorf("at rest %v, the kernel says %v", rest, rss)
	}
	// Within two minutes nothing is given back unless it is asked for.
	if without := known(t, &base.Runs[0], lab.Rest); without < rest+2*lag {
		t.Errorf("at rest %v freed, %v without", rest, without)
	}
	if asked := known(t, &freed.Runs[0], lab.Asked); asked < known(t, &base.Runs[0], lab.Asked)+2*lag {
		t.Errorf("asked to release: %v", asked)
	}
	// So there is nothing by which the times of both could be told, but RES fell.
	if why := freed.Runs[0].Unknown[lab.Half.ID()]; !strings.Contains(why, "the default gave nothing back") {
		t.Errorf("half: %q", why)
	}
	if after := fell(&freed.Runs[0], int64(known(t, &freed.Runs[0], lab.Peak)+rest)/2); after < time.Second || after > 2*time.Second {
		t.Errorf("half gone after %v: the order came a second after the burst", after)
	}
	if !strings.Contains(got.out, "FreeOSMemory after burst") || !strings.Contains(got.out, "call debug.FreeOSMemory once") {
		t.Errorf("the table says\n%s", got.out)
	}
	l.showsTheSame(got.out)
}

// fell is when RES was for good no more than a level, in the time after the burst.
func fell(run *lab.Run, level int64) (after time.Duration) {
	for _, f := range run.Falls[0] {
		if f.RES > level && f.After != nil {
			after = max(after, time.Duration(*f.After))
		}
	}
	return after
}

// kernelSays is a size of a /proc/PID/status in bytes.
func kernelSays(t *testing.T, path, name string) float64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(name + `:\s+(\d+) kB`).FindStringSubmatch(string(text))
	if m == nil {
		t.Fatalf("no %s in %s", name, text)
	}
	kib, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return float64(kib) * 1024
}

// showsTheSame: --show needs no privilege and nothing but the folder.
func (l labbing) showsTheSame(table string) {
	l.t.Helper()
	again := execute(l.t, l.command("--show", "out"))
	if again.code != 0 || again.out != table {
		l.t.Errorf("--show: exit %d, %s\n%s\nbut it was\n%s", again.code, again.err, again.out, table)
	}
	asJSON := execute(l.t, l.command("--show", "out", "--json", "--goal", "cpu"))
	var f labFile
	if err := json.Unmarshal([]byte(asJSON.out), &f); err != nil || f.Goal != lab.GoalCPU || len(f.Rows) == 0 {
		l.t.Errorf("--show --json: %v\n%s", err, asJSON.out)
	}
	asked := execute(l.t, l.command("-o", "out"))
	if asked.code != exitFailed || !strings.Contains(asked.err, "--resume out") {
		l.t.Errorf("a folder that is there: exit %d, %s", asked.code, asked.err)
	}
}

// The GCs of --quick, and the small pulses' latencies.
func TestQuickLabForcesGCs(t *testing.T) {
	l := newLabbing(t)
	got, results := l.run("--quick", "--settle", "3s", "--settings", "gogc-50", "--load", smallLoad(300, "-small 50 -ss 0.3"))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	for _, id := range []string{"default", "gogc-50"} {
		run := &row(t, results, id).Runs[0]
		replayed := execute(t, exec.Command(built().whyres, "replay", "--json", filepath.Join(l.dir, "out", run.Recordings[0])))
		objects := lines(t, replayed.out)
		if forced := forcedGCs(objects); forced != 2 {
			t.Errorf("%s: %d GCs were forced, want 2", id, forced)
		}
		env := objects[0]["process"].(map[string]any)["env"]
		if gogc, want := fmt.Sprint(env), map[string]string{"default": "<nil>", "gogc-50": "map[GOGC:50]"}[id]; gogc != want {
			t.Errorf("%s ran with %s, want %s", id, gogc, want)
		}
		p50, p99 := known(t, run, lab.LatencyP50), known(t, run, lab.LatencyP99)
		if p50 < 10e3 || p50 > p99 || p99 > 10e9 {
			t.Errorf("%s: latencies %v and %v ns", id, p50, p99)
		}
		if cpu := known(t, run, lab.ProcessCPU); cpu < 10e6 || cpu > 5e9 {
			t.Errorf("%s: %v ns of CPU", id, cpu)
		}
	}
}

// forcedGCs is what the runtime itself counted at the end.
func forcedGCs(objects []map[string]any) int {
	n := 0
	for _, o := range objects {
		if stats, ok := o["memstats"].(map[string]any); ok && o["type"] == "sample" {
			n = int(float(stats["num_forced_gc"]))
		}
	}
	return n
}

func TestTwoServersBurstApart(t *testing.T) {
	l := newLabbing(t)
	got, results := l.run("--quick", "--settle", "2s", "--settings", "default", "--servers", "2", "--load", smallLoad(500, "-small 0"))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	run := row(t, results, "default").Runs[0]
	if len(run.Recordings) != 2 || run.Together == nil {
		t.Fatalf("%+v", run)
	}
	sum := 0.0
	for _, name := range run.Recordings {
		replayed := execute(t, exec.Command(built().whyres, "replay", "--json", filepath.Join(l.dir, "out", name)))
		sum += float(last(t, lines(t, replayed.out), "verdict")["res_peak"])
	}
	if float64(run.Together.SumOfPeaks) != sum {
		t.Errorf("the peaks sum to %d, by the recordings %v", run.Together.SumOfPeaks, sum)
	}
	if p := run.Together.PeakOfSum; p > run.Together.SumOfPeaks || float64(p) < sum/2 || known(t, &run, lab.Peak) != float64(p) {
		t.Errorf("together %+v, peak %v", run.Together, known(t, &run, lab.Peak))
	}
}

func TestInterruptedLabGoesOn(t *testing.T) {
	l := newLabbing(t)
	args := []string{"--quick", "--settle", "2s", "--settings", "gogc-50,gogc-25", "--load", smallLoad(200, "-small 20 -ss 0.2"), "-o", "out"}
	got := executeAnd(t, l.command(args...), 0, func(p *os.Process) { // in the second run
		for range 600 {
			if _, err := os.Stat(filepath.Join(l.dir, "out", "gogc-50-1.whyres.zst")); err == nil {
				time.Sleep(500 * time.Millisecond)
				_ = p.Signal(os.Interrupt)
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	if got.code != exitFailed || !strings.Contains(got.err, "interrupted with 2 runs left") || !strings.Contains(got.err, "--resume out") {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	if !strings.Contains(got.out, "not run yet") {
		t.Errorf("the table says\n%s", got.out)
	}
	l.nothingLeft()
	before := l.results()
	if n := len(row(t, before, "gogc-50").Runs); n != 0 {
		t.Errorf("%d runs of what was interrupted", n)
	}
	if _, err := os.Stat(filepath.Join(l.dir, "out", "gogc-50-1.whyres.zst")); err == nil {
		t.Error("the recording of the run that was interrupted was left")
	}
	again := execute(t, l.command("--resume", "out"))
	if again.code != 0 {
		t.Fatalf("exit %d: %s", again.code, again.err)
	}
	after := l.results()
	for _, id := range []string{"default", "gogc-50", "gogc-25"} {
		if r := row(t, after, id); r.Status != lab.StatusDone || len(r.Runs) != 1 {
			t.Errorf("%s: %+v", id, r)
		}
	}
	if !row(t, before, "default").Runs[0].Time.Equal(row(t, after, "default").Runs[0].Time) {
		t.Error("the default was run again")
	}
	if !strings.Contains(again.err, "run 3 of 3") || strings.Contains(again.err, "run 1 of 3") {
		t.Errorf("it says\n%s", again.err)
	}
}

// Without privilege nothing is started, and no folder made.
func TestLabWithoutPrivilege(t *testing.T) {
	privileged(t) // to be somebody else
	dir, err := os.MkdirTemp("", "whyres-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(built().whyres, "lab", "--quick")
	cmd.Dir, cmd.SysProcAttr = dir, nobody()
	got := execute(t, cmd)
	if got.code != exitUnsupported || strings.Count(got.err, "\n") != 1 {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
		t.Errorf("%v was made, %v", made, err)
	}
}
