package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary is also what is traced: a subject whose memory does what its
// name says, and that tells its own ReadMemStats.
const subjectEnv = "WHYRES_SUBJECT"

func TestMain(m *testing.M) {
	if name := os.Getenv(subjectEnv); name != "" {
		subject(name)
		return
	}
	os.Exit(m.Run())
}

func subject(name string) {
	switch name {
	case "churn":
		churn()
	case "sleep":
		time.Sleep(time.Minute)
	case "rest":
		rest()
	case "exec":
		time.Sleep(500 * time.Millisecond)
		os.Setenv(subjectEnv, "churn")
		panic(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	case "whoami":
		fmt.Fprintln(os.Stderr, "uid", os.Getuid(), "gid", os.Getgid(), "home", os.Getenv("HOME"))
	case "stubborn":
		c := make(chan os.Signal, 1)
		ignoreTermination(c)
		fmt.Fprintln(os.Stderr, "stubborn")
		time.Sleep(time.Minute)
	}
}

// churn grows and shrinks the heap from several threads, and makes calls that
// fail.
func churn() {
	done := make(chan []byte)
	for range 4 {
		go func() {
			var keep []byte
			for range 20 {
				keep = make([]byte, 4<<20)
				for i := 0; i < len(keep); i += 4096 {
					keep[i] = 1
				}
			}
			done <- keep
		}()
	}
	for range 4 {
		<-done
	}
	debug.FreeOSMemory()
	page := uintptr(os.Getpagesize())
	for range 10 {
		_, _, _ = unix.RawSyscall(unix.SYS_MADVISE, 4096, page, unix.MADV_DONTNEED) // ENOMEM
		_, _, _ = unix.RawSyscall(unix.SYS_MUNMAP, 1, page, 0)                      // EINVAL
		_, _, _ = unix.RawSyscall6(unix.SYS_MMAP, 0, 0, 3, 0x22, ^uintptr(0), 0)    // EINVAL
	}
	b, err := unix.Mmap(-1, 0, 16<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	clear(b)
	if err := unix.Munmap(b); err != nil {
		panic(err)
	}
}

// rest comes to rest with a known heap, tells its own numbers, and stays.
func rest() {
	keep := make([][]byte, 0, 4096)
	for range 4096 {
		keep = append(keep, make([]byte, 16<<10))
	}
	for i := range keep {
		if i%64 != 0 {
			keep[i] = nil
		}
	}
	debug.FreeOSMemory()
	time.Sleep(300 * time.Millisecond)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	line, err := json.Marshal(stats)
	if err != nil {
		panic(err)
	}
	// What telling them takes is part of them: read again until they stand.
	for {
		runtime.ReadMemStats(&stats)
		now := fmt.Appendf(line[:0], `{"HeapSys":%d,"HeapInuse":%d,"HeapReleased":%d,"NumGC":%d,"StackInuse":%d}`+"\n",
			stats.HeapSys, stats.HeapInuse, stats.HeapReleased, stats.NumGC, stats.StackInuse)
		var after runtime.MemStats
		runtime.ReadMemStats(&after)
		if after.HeapInuse == stats.HeapInuse && after.HeapReleased == stats.HeapReleased && after.StackInuse == stats.StackInuse {
			_, _ = os.Stderr.Write(now)
			break
		}
	}
	time.Sleep(time.Minute)
	runtime.KeepAlive(keep)
}

// privileged skips without root; make test runs these again through sudo.
func privileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: run make test")
	}
}

// need skips where a program is not installed; CI installs them all and sets
// WHYRES_NEED so that nothing is skipped there.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("WHYRES_NEED") != "" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("%s is not installed", program)
	}
}

// whyres builds the program once for each test that runs it as a process.
func whyres(t *testing.T) string {
	t.Helper()
	return build(t, "whyres/cmd/whyres")
}

func build(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if prebuilt := os.Getenv("WHYRES_ROOT"); prebuilt != "" {
		return filepath.Join(prebuilt, "bin", filepath.Base(pkg))
	}
	cmd := exec.Command("go", "build", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// startSubject starts this binary as a subject.
func startSubject(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), subjectEnv+"="+name)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// ended is how a run of whyres ended.
type ended struct {
	out, err string
	code     int
}

func execute(t *testing.T, cmd *exec.Cmd) ended {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ended{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// withSubject makes the traced command this binary as a subject.
func withSubject(cmd *exec.Cmd, name string) *exec.Cmd {
	cmd.Env = append(os.Environ(), subjectEnv+"="+name)
	return cmd
}

// lines decodes JSON lines.
func lines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	scan := bufio.NewScanner(strings.NewReader(text))
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		var object map[string]any
		if err := json.Unmarshal(scan.Bytes(), &object); err != nil {
			t.Fatalf("not JSON: %v: %.200s", err, scan.Text())
		}
		out = append(out, object)
	}
	return out
}

// last is the last object of the type.
func last(t *testing.T, objects []map[string]any, kind string) map[string]any {
	t.Helper()
	for i := len(objects) - 1; i >= 0; i-- {
		if objects[i]["type"] == kind {
			return objects[i]
		}
	}
	t.Fatalf("no line of type %s", kind)
	return nil
}
