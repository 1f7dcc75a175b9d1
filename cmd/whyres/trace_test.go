package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// smapsRSS sums Rss over smaps, with nothing of ours in between.
func smapsRSS(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, m := range regexp.MustCompile(`(?m)^Rss: +(\d+) kB`).FindAllStringSubmatch(string(text), -1) {
		kb, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += kb << 10
	}
	return sum
}

// The verdict on a process at rest: its own ReadMemStats, the kernel's smaps.
func TestVerdictAgainstTheTargetsOwnNumbers(t *testing.T) {
	privileged(t)
	cmd := exec.Command(built().subject, "rest")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(said).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var own map[string]float64
	if err := json.Unmarshal(line, &own); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	pid := cmd.Process.Pid
	got := execute(t, exec.Command(built().whyres, "trace", "--json", "--for", "1s", "-p", strconv.Itoa(pid)))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	verdict := last(t, lines(t, got.out), "verdict")
	stats := verdict["memstats"].(map[string]any)
	for ours, theirs := range map[string]string{"heap_sys": "HeapSys", "heap_inuse": "HeapInuse", "heap_released": "HeapReleased", "num_gc": "NumGC", "stack_inuse": "StackInuse"} {
		if stats[ours] != own[theirs] {
			t.Errorf("%s is %v, the target says %v", ours, stats[ours], own[theirs])
		}
	}
	res := int64(float(verdict["res_bytes"]))
	if want := smapsRSS(t, pid); res != want {
		t.Errorf("RES %d, smaps says %d", res, want)
	}
	if sum := leaves(verdict["ledger"].([]any)); sum != res {
		t.Errorf("the ledger's leaves sum to %d, RES is %d", sum, res)
	}
	// Each full sample on the way carries its own ledger.
	full := 0
	for _, l := range lines(t, got.out) {
		if l["type"] != "sample" || l["smaps"] == nil {
			continue
		}
		full++
		rss := l["rss"].(map[string]any)
		want := int64(float(rss["anon"]) + float(rss["file"]) + float(rss["shmem"]))
		if divided, ok := l["ledger"].([]any); !ok || leaves(divided) != want {
			t.Errorf("the sample's ledger is %v, its RES %d", l["ledger"], want)
		}
	}
	if full < 2 {
		t.Errorf("%d full samples: want the first and the last", full)
	}
}

// leaves sums the parts that are no other's parent.
func leaves(ledger []any) (sum int64) {
	parents := map[any]bool{}
	for _, p := range ledger {
		parents[p.(map[string]any)["parent"]] = true
	}
	for _, p := range ledger {
		if part := p.(map[string]any); !parents[part["id"]] {
			sum += int64(float(part["bytes"]))
		}
	}
	return sum
}

func TestReplayShowsWhatTraceShowed(t *testing.T) {
	privileged(t)
	bin := built().whyres
	for _, name := range []string{"a.whyres", "a.whyres.zst"} {
		file := filepath.Join(t.TempDir(), name)
		live := execute(t, exec.Command(bin, "trace", "-o", file, "--", built().subject, "churn"))
		if live.code != 0 {
			t.Fatalf("exit %d: %s", live.code, live.err)
		}
		again := execute(t, exec.Command(bin, "replay", file))
		if again.code != 0 || again.err != "" {
			t.Fatalf("exit %d: %s", again.code, again.err)
		}
		own := regexp.MustCompile(` · whyres used .*`)
		if a, b := own.ReplaceAllString(live.out, ""), own.ReplaceAllString(again.out, ""); a != b {
			t.Errorf("%s: live\n%s\nreplayed\n%s", name, a, b)
		}
		if !strings.Contains(live.out, "FreeOSMemory") {
			t.Errorf("nobody says FreeOSMemory:\n%s", live.out)
		}
	}
}

// The whole way: kernel, join, timeline and recording at once.
func TestNothingIsLostAt200kCallsASecond(t *testing.T) {
	privileged(t)
	file := filepath.Join(t.TempDir(), "storm.whyres")
	got := execute(t, exec.Command(built().whyres, "trace", "-o", file, "--", built().subject, "storm"))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	t.Log(strings.TrimSpace(got.err))
	recorded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(recorded, []byte(`"advice":"MADV_DONTNEED"`)); n < 400_000 || n > 401_000 {
		t.Errorf("%d of 400,000 calls recorded, and those of the runtime", n)
	}
	if !strings.Contains(got.out, "lost events 0") || !strings.Contains(got.out, "400,000") {
		t.Errorf("the timeline says\n%s", got.out)
	}
}

func TestRecordingSurvivesAKill(t *testing.T) {
	privileged(t)
	bin, file := built().whyres, filepath.Join(t.TempDir(), "cut.whyres")
	target := startSubject(t, "sleep")
	cmd := exec.Command(bin, "trace", "-o", file, "-p", strconv.Itoa(target.Process.Pid))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	got := execute(t, exec.Command(bin, "replay", "--json", file))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	if n := strings.Count(got.out, `"type":"sample"`); n < 5 {
		t.Errorf("%d samples of 1.5 s", n)
	}
	last(t, lines(t, got.out), "verdict")
	noneLeft(t)
}

func TestDamagedLinesAreReportedAndSkipped(t *testing.T) {
	privileged(t)
	bin, file := built().whyres, filepath.Join(t.TempDir(), "d.whyres")
	target := startSubject(t, "sleep")
	if got := execute(t, exec.Command(bin, "trace", "--for", "1s", "-o", file, "-p", strconv.Itoa(target.Process.Pid))); got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows := bytes.SplitAfter(whole, []byte("\n"))
	rows[2] = []byte("{\"type\":\"sample\",\"t\":\x1b[31mred\n")
	damaged := bytes.Join(rows, nil)
	cmd := exec.Command(bin, "replay", "-")
	cmd.Stdin = bytes.NewReader(damaged[:len(damaged)-10])
	got := execute(t, cmd)
	if got.code != 0 {
		t.Errorf("exit %d", got.code)
	}
	if !strings.Contains(got.err, "line 3") || !strings.Contains(got.err, fmt.Sprint("line ", len(rows)-1)) {
		t.Errorf("the damaged lines 3 and %d are not named:\n%s", len(rows)-1, got.err)
	}
	if strings.ContainsRune(got.err+got.out, '\x1b') {
		t.Error("an escape sequence of the file reached the terminal")
	}
}

// noneLeft fails if a program of ours is in the kernel that no process has open:
// one that was left attached.
func noneLeft(t *testing.T) {
	t.Helper()
	var left []ebpf.ProgramID
	for range 150 {
		if left = orphans(t); len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("still in the kernel: programs %v", left)
}

func orphans(t *testing.T) (ids []ebpf.ProgramID) {
	t.Helper()
	for id := ebpf.ProgramID(0); ; {
		next, err := ebpf.ProgramGetNextID(id)
		if err != nil {
			break
		}
		id = next
		p, err := ebpf.NewProgramFromID(id)
		if err != nil {
			continue
		}
		if info, err := p.Info(); err == nil && info.Name == "on_collapse" {
			ids = append(ids, id)
		}
		p.Close()
	}
	open := openPrograms(t)
	return slices.DeleteFunc(ids, func(id ebpf.ProgramID) bool { return open[fmt.Sprint(id)] })
}

// openPrograms are the ids of the programs that any process has open.
func openPrograms(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // gone meanwhile
		}
		if m := regexp.MustCompile(`(?m)^prog_id:\s+(\d+)`).FindSubmatch(text); m != nil {
			open[string(m[1])] = true
		}
	}
	return open
}

// The check above must be able to fail.
func TestOrphansAreFound(t *testing.T) {
	privileged(t)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "on_collapse", Type: ebpf.RawTracepoint, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := unix.Mount("bpf", dir, "bpf", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Unmount(dir, 0) }()
	pin := filepath.Join(dir, "orphan")
	if err := p.Pin(pin); err != nil {
		t.Fatal(err)
	}
	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	p.Close()
	if !slices.Contains(orphans(t), id) {
		t.Error("a program that only a pin holds was not found")
	}
	if err := os.Remove(pin); err != nil {
		t.Fatal(err)
	}
	noneLeft(t)
}

// Bad input: one clear line with the remedy, the right exit code, nothing left.
func TestBadInput(t *testing.T) {
	privileged(t)
	bin, dir := built().whyres, t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(there, link); err != nil {
		t.Fatal(err)
	}
	sleeper := strconv.Itoa(startSubject(t, "sleep").Process.Pid)
	nobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	hideBTF := []string{"unshare", "-m", "sh", "-c", `mount -t tmpfs none /sys/kernel/btf && exec "$@"`, "sh"}
	for _, tt := range []struct {
		name string
		args []string
		via  []string
		attr *syscall.SysProcAttr
		code int
		says string
	}{
		{name: "nothing to trace", args: []string{"trace"}, code: 2, says: "either -p PID or --"},
		{name: "both", args: []string{"trace", "-p", "1", "--", "true"}, code: 2, says: "either -p PID or --"},
		{name: "no --", args: []string{"trace", "true"}, code: 2, says: "put -- before"},
		{name: "unknown flag", args: []string{"trace", "--nope"}, code: 2, says: "unknown flag"},
		{name: "unknown command", args: []string{"nope"}, code: 2, says: "nope"},
		{name: "colour", args: []string{"trace", "--color", "blue", "-p", sleeper}, code: 2, says: "auto, always or never"},
		{name: "buffer", args: []string{"trace", "--buffer", "3", "-p", sleeper}, code: 2, says: "power of two"},
		{name: "no such process", args: []string{"trace", "-p", "4194000"}, code: 4, says: "there is no process 4194000"},
		{name: "kernel thread", args: []string{"trace", "-p", "2"}, code: 1, says: "kernel thread"},
		{name: "no privilege", args: []string{"trace", "-p", sleeper}, attr: nobody, code: 3, says: "sudo"},
		{name: "no privilege, command", args: []string{"trace", "--", "/bin/true"}, attr: nobody, code: 3, says: "sudo"},
		{name: "no BTF", args: []string{"trace", "-p", sleeper}, via: hideBTF, code: 3, says: "CONFIG_DEBUG_INFO_BTF"},
		{name: "no fentry here", args: []string{"trace", "--attach", "fentry", "--for", "1s", "-p", sleeper}, code: -1},
		{name: "no such command", args: []string{"trace", "--", "/no/such"}, code: 1, says: "no such file"},
		{name: "not executable", args: []string{"trace", "--", there}, code: 1, says: "permission denied"},
		{name: "output is there", args: []string{"trace", "-o", there, "-p", sleeper}, code: 1, says: "--force"},
		{name: "output is a link", args: []string{"trace", "--force", "-o", link, "-p", sleeper}, code: 1, says: "symbolic link"},
		{name: "output nowhere", args: []string{"trace", "-o", filepath.Join(dir, "no/where"), "-p", sleeper}, code: 1, says: "no such file"},
		{name: "full disk", args: []string{"trace", "--force", "-o", "/dev/full", "--", built().subject, "churn"}, code: 1, says: "no room to record"},
		{name: "not a recording", args: []string{"replay", there}, code: 1, says: "not a whyres recording"},
		{name: "no recording", args: []string{"replay", filepath.Join(dir, "none")}, code: 1, says: "no such file"},
		{name: "empty recording", args: []string{"replay", "/dev/null"}, code: 1, says: "not a whyres recording"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			argv := append(append([]string{}, tt.via...), append([]string{bin}, tt.args...)...)
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.SysProcAttr, cmd.Dir = tt.attr, "/"
			got := execute(t, cmd)
			if tt.code == -1 { // as the kernel has it
				if got.code != 0 && got.code != 3 {
					t.Errorf("exit %d: %s", got.code, got.err)
				}
				return
			}
			if got.code != tt.code {
				t.Errorf("exit %d, want %d", got.code, tt.code)
			}
			ours := 0
			for line := range strings.Lines(got.err) {
				if strings.HasPrefix(line, "whyres: ") {
					ours++
				}
			}
			if ours != 1 || !strings.Contains(got.err, tt.says) {
				t.Errorf("want one line that says %q, got:\n%s", tt.says, got.err)
			}
		})
	}
	if text, _ := os.ReadFile(there); string(text) != "precious" {
		t.Errorf("the file that was there now holds %.80q", text)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
	noneLeft(t)
}

func TestTargetDiesWhileTraced(t *testing.T) {
	privileged(t)
	target := startSubject(t, "sleep")
	time.AfterFunc(time.Second, func() { _ = target.Process.Kill() })
	got := execute(t, exec.Command(built().whyres, "trace", "--json", "-p", strconv.Itoa(target.Process.Pid)))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	objects := lines(t, got.out)
	last(t, objects, "verdict")
	var exit map[string]any
	for _, o := range objects {
		if o["mark"] == "exit" {
			exit = o
		}
	}
	if exit == nil || exit["signal"] != float64(9) {
		t.Errorf("the exit is told as %v", exit)
	}
}

func TestTargetExecsWhileTraced(t *testing.T) {
	privileged(t)
	target := startSubject(t, "exec")
	got := execute(t, exec.Command(built().whyres, "trace", "--json", "-p", strconv.Itoa(target.Process.Pid)))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	execs, after, who := 0, 0, map[any]int{}
	for _, o := range lines(t, got.out) {
		switch {
		case o["mark"] == "exec":
			execs++
		case o["type"] == "event" && execs > 0:
			after++
			who[o["who"]]++
		}
	}
	if execs != 1 || after < 50 || who["forced"] == 0 {
		t.Errorf("%d execs, %d calls after it, by %v", execs, after, who)
	}
}

// interrupt runs whyres on a command until it has said something, then sends
// the signal.
func interrupt(t *testing.T, s os.Signal, args ...string) ended {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	return executeAnd(t, cmd, 1500*time.Millisecond, func(p *os.Process) { _ = p.Signal(s) })
}

func TestInterruptEndsTheCommandToo(t *testing.T) {
	privileged(t)
	bin := built().whyres
	began := time.Now()
	got := interrupt(t, os.Interrupt, bin, "trace", "--", "sleep", "77")
	if got.code != 0 || !strings.Contains(got.out, "lost events 0") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.err)
	}
	if time.Since(began) > 5*time.Second {
		t.Errorf("it took %v", time.Since(began))
	}
	// Later than the others: the command has to have begun, and ignore the signal.
	got = executeAnd(t, exec.Command(bin, "trace", "--", built().subject, "stubborn"), 4*time.Second, func(p *os.Process) { _ = p.Signal(syscall.SIGTERM) })
	if got.code != 1 || !strings.Contains(got.err, "was killed") {
		t.Errorf("a command that will not end: exit %d: %s", got.code, got.err)
	}
	if out, _ := exec.Command("pgrep", "-f", "^sleep 77$").Output(); len(out) != 0 {
		t.Errorf("still running: %s", out)
	}
	noneLeft(t)
}

func TestClosedPipeLeavesNothing(t *testing.T) {
	privileged(t)
	cmd := exec.Command("sh", "-c", `"$0" trace -- sleep 78 | head -1`, built().whyres)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "sleep") {
		t.Errorf("%v: %s", err, out)
	}
	if out, _ := exec.Command("pgrep", "-f", "^sleep 78$").Output(); len(out) != 0 {
		t.Errorf("still running: %s", out)
	}
	noneLeft(t)
}

func TestCommandRunsAsWhoCalledSudo(t *testing.T) {
	privileged(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "mine.whyres")
	cmd := exec.Command(built().whyres, "trace", "-o", file, "--", built().subject, "whoami")
	cmd.Env = append(os.Environ(), "SUDO_UID=65534", "SUDO_GID=65534", "SUDO_USER=nobody")
	got := execute(t, cmd)
	if got.code != 0 || !strings.Contains(got.err, "uid 65534 gid 65534") || strings.Contains(got.err, "home /root") {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 65534 || info.Mode().Perm() != 0o600 {
		t.Errorf("the recording is of user %d, mode %v", uid, info.Mode())
	}
}
