package product

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// connections of a pulse: each costs the server some 4 KiB, and takes one of the 4096
// files that a machine without a file system manager allows.
const connections = 1000

var listening = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// startServer starts the experiment's server and gives its address.
func startServer(t *testing.T) (cmd *exec.Cmd, addr string) {
	t.Helper()
	cmd = exec.Command(program("server"), "-addr", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	first, err := bufio.NewReader(stderr).ReadString('\n')
	if addr = listening.FindString(first); err != nil || addr == "" {
		t.Fatalf("the server says %q, %v", first, err)
	}
	go eachLine(stderr, func([]byte) {})
	return cmd, addr
}

// The scenario that started it all, scaled down as cmd/demo.sh tells it: pulses of
// connections, silence, two collections. Then all that is free is given back, with the
// kernel asked for RES before and after.
func TestSeed(t *testing.T) {
	privileged(t)
	smallPages(t)
	server, addr := startServer(t)
	pid := server.Process.Pid
	file := filepath.Join(t.TempDir(), "seed.whyres.zst")
	tr := startTrace(t, func(line string) { t.Logf("trace: %s", line) }, "-o", file, "--every", "250ms", "-p", itoa(pid))
	tr.waitFor(t, "sample", func(l *traceLine) bool { return l.Type == "sample" })
	start := residentBytes(t, pid)
	pulse := exec.Command(program("pulse"), "-addr", addr, "-big", itoa(connections), "-i", "3", "-bs", "2", "-l", "2", "-small", "0")
	if out, err := pulse.CombinedOutput(); err != nil {
		t.Fatalf("pulse: %v\n%s", err, out)
	}
	mark := len(tr.all())
	high := residentBytes(t, pid)
	order(t, server, syscall.SIGUSR1, 4*time.Second)
	order(t, server, syscall.SIGUSR1, 4*time.Second)
	collected := residentBytes(t, pid)
	order(t, server, syscall.SIGUSR2, 3*time.Second)
	low := residentBytes(t, pid)
	tr.interrupt(t)
	verdict := tr.end(t)
	t.Logf("RES %d at first, %d after the pulses, %d after two collections, %d given back", start, high, collected, low)
	verdict.addsUp(t)
	if strings.Contains(thpSettings(t), "[always]") {
		t.Log("khugepaged may fill RES again at any time on this host: no more can be asked")
	} else {
		seedStory(t, tr.all(), start, high, low)
		gaveBack(t, tr.all()[mark:], high-low, low)
	}
	if verdict.RES != low {
		t.Errorf("the verdict's RES is %d, smaps_rollup says %d", verdict.RES, low)
	}
	recording, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "seed.whyres.zst", recording)
}

// smallPages keeps huge pages from who does not ask for them, in a machine where all get
// them: with khugepaged about, which comes by each ten seconds, RES grows back by all
// that was given up, or not, as it happens. TestTraceAndExplain runs with it.
func smallPages(t *testing.T) {
	t.Helper()
	if !inVM() {
		return
	}
	const setting = "/sys/kernel/mm/transparent_hugepage/enabled"
	if err := os.WriteFile(setting, []byte("madvise"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.WriteFile(setting, []byte("always"), 0o644) })
}

func order(t *testing.T, server *exec.Cmd, signal syscall.Signal, wait time.Duration) {
	t.Helper()
	if err := server.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	time.Sleep(wait)
}

// seedStory wants the rise and the fall, in what the kernel says and in the samples.
func seedStory(t *testing.T, lines []traceLine, start, high, low int64) {
	t.Helper()
	const rise = connections * 2 << 10 // a goroutine's stack alone has 2 KiB
	if high < start+rise {
		t.Errorf("RES went from %d to %d with %d connections", start, high, connections)
	}
	if low > high-rise/2 {
		t.Errorf("RES went from %d to %d as all was given back", high, low)
	}
	most := int64(0)
	for _, l := range lines {
		if l.Type == "sample" && l.RSS != nil {
			most = max(most, l.RSS.total())
		}
	}
	// Status, which samples may be of, lags by a page fault or two for each thread.
	if slack := int64(1 << 20); most < high-slack {
		t.Errorf("the highest sample has %d, smaps_rollup said %d", most, high)
	}
}

// gaveBack compares the calls with what smaps_rollup says: RES can have fallen by no
// more than they took, and the last one left what is there now, but for what the server
// has touched since.
func gaveBack(t *testing.T, lines []traceLine, fell, low int64) {
	t.Helper()
	var last *traceLine
	calls, left := 0, int64(0)
	for _, l := range lines {
		if l.released() {
			calls++
			left += l.left()
			last = &l
		}
	}
	if last == nil || left < fell {
		t.Fatalf("%d releases took %d out of RES, which fell by %d", calls, left, fell)
	}
	touched := low - last.After.total()
	if touched < 0 || touched > 256<<10 {
		t.Errorf("the last release left %d in RES, smaps_rollup says %d", last.After.total(), low)
	}
	t.Logf("%d releases took %d out of RES, which fell by %d; the last left %d less than there is now", calls, left, fell, touched)
}
