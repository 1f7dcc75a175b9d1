package settings

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/probe/probetest"
)

// The test binary is started again as the guardian, and as a caller of it that is
// killed.
const (
	roleEnv = "WHYRES_SETTINGS_ROLE"
	rootEnv = "WHYRES_SETTINGS_ROOT"
)

func TestMain(m *testing.M) {
	switch root := os.Getenv(rootEnv); os.Getenv(roleEnv) {
	case "guardian":
		if err := Guard(root, os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
	case "caller":
		call(root)
	default:
		os.Exit(m.Run())
	}
}

// call changes a setting, says so, and waits for its end.
func call(root string) {
	k, err := Open(self("guardian", root))
	if err == nil {
		_, err = k.Set(scanFile, "123")
	}
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		return
	}
	_, _ = os.Stdout.WriteString("changed\n")
	time.Sleep(time.Minute)
}

const scanFile = "khugepaged/scan_sleep_millisecs"

func self(role, root string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleEnv+"="+role, rootEnv+"="+root)
	cmd.Stderr = os.Stderr
	return cmd
}

// folder looks like the kernel's.
func folder(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "khugepaged"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, root, scanFile, "10000\n")
	put(t, root, "enabled", "madvise\n")
	return root
}

func put(t *testing.T, root, path, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, path), []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, root, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func open(t *testing.T, root string) *Keeper {
	t.Helper()
	k, err := Open(self("guardian", root))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func set(t *testing.T, k *Keeper, path, value string) {
	t.Helper()
	if _, err := k.Set(path, value); err != nil {
		t.Fatal(err)
	}
}

func TestSetAndPutBack(t *testing.T) {
	root := folder(t)
	k := open(t, root)
	set(t, k, scanFile, "100")
	set(t, k, scanFile, "200")
	set(t, k, "enabled", "never")
	set(t, k, "enabled", "never") // is so already: no change
	if a, b := get(t, root, scanFile), get(t, root, "enabled"); a != "200" || b != "never" {
		t.Errorf("set to %s and %s", a, b)
	}
	changes, err := k.Close()
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{"enabled", "madvise", "never", true},
		{scanFile, "100", "200", true},
		{scanFile, "10000", "100", true},
	}
	if len(changes) != len(want) {
		t.Fatalf("changes %+v, want %+v", changes, want)
	}
	for i := range want {
		if changes[i] != want[i] {
			t.Errorf("change %d: %+v, want %+v", i, changes[i], want[i])
		}
	}
	if a, b := get(t, root, scanFile), get(t, root, "enabled"); a != "10000" || b != "madvise" {
		t.Errorf("put back as %s and %s", a, b)
	}
}

// What somebody else sets meanwhile stays, and is told.
func TestOthersChangesStay(t *testing.T) {
	root := folder(t)
	k := open(t, root)
	set(t, k, scanFile, "100")
	put(t, root, scanFile, "777\n")
	changes, err := k.Close()
	if err == nil || !strings.Contains(err.Error(), "777") {
		t.Errorf("error %v, want one that tells of 777", err)
	}
	if len(changes) != 1 || changes[0].Restored || get(t, root, scanFile) != "777" {
		t.Errorf("changes %+v, file %s", changes, get(t, root, scanFile))
	}
}

// Two guardians would take each other's changes for what was there first.
func TestOneAtATime(t *testing.T) {
	root := folder(t)
	k := open(t, root)
	if second, err := Open(self("guardian", root)); err == nil || !strings.Contains(err.Error(), "another whyres") {
		t.Errorf("a second one: %v, %v", second, err)
	}
	if _, err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, root).Close(); err != nil { // and now there is room for one
		t.Fatal(err)
	}
}

func TestRefusals(t *testing.T) {
	root := folder(t)
	k := open(t, root)
	if err := os.Symlink("/etc/hostname", filepath.Join(root, "out")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{"nothing": fs.ErrNotExist, "../x": nil, "/etc/hostname": nil, "out": nil} {
		if _, err := k.Set(path, "1"); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want an error (%v)", path, err, want)
		}
	}
	if changes, err := k.Close(); err != nil || len(changes) > 0 {
		t.Errorf("changes %+v, %v", changes, err)
	}
	if _, err := Open(self("guardian", filepath.Join(root, "none"))); err == nil {
		t.Error("a folder that is not there was opened")
	}
}

// What the kernel refuses to take is no change.
func TestRefusedValue(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: run make test")
	}
	if _, err := os.Stat(filepath.Join(HugePages, scanFile)); err != nil {
		t.Skip("the kernel has no khugepaged")
	}
	probetest.HoldSettings(t)
	k := open(t, HugePages)
	if _, err := k.Set(scanFile, "many"); err == nil {
		t.Error("the kernel took many milliseconds")
	}
	if changes, err := k.Close(); err != nil || len(changes) > 0 {
		t.Errorf("changes %+v, %v", changes, err)
	}
}

// killed starts a caller that has changed the setting, does something to it, and
// waits for the setting to be what it was.
func killed(t *testing.T, root, was string, do func(caller *os.Process)) {
	t.Helper()
	caller := self("caller", root)
	out, err := caller.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = caller.Process.Kill(); _ = caller.Wait() })
	said := make([]byte, len("changed\n"))
	if _, err := out.Read(said); err != nil || string(said) != "changed\n" {
		t.Fatalf("the caller said %q, %v", said, err)
	}
	if now := get(t, root, scanFile); now != "123" {
		t.Fatalf("the setting is %s, want 123", now)
	}
	do(caller.Process)
	for began := time.Now(); get(t, root, scanFile) != was; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("the setting is %s, want %s", get(t, root, scanFile), was)
		}
	}
}

func TestCallerIsKilled(t *testing.T) {
	killed(t, folder(t), "10000", func(p *os.Process) { _ = p.Kill() })
}

// The guardian itself gets what a terminal or a service manager sends to all, and
// stays: the setting is put back when the caller has gone, not before.
func TestGuardianIgnoresSignals(t *testing.T) {
	root := folder(t)
	k := open(t, root)
	set(t, k, scanFile, "100")
	for _, s := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		if err := unix.Kill(k.cmd.Process.Pid, s); err != nil {
			t.Fatal(err)
		}
	}
	if session, err := unix.Getsid(k.cmd.Process.Pid); err != nil || session != k.cmd.Process.Pid {
		t.Errorf("session %d, %v, want its own", session, err)
	}
	set(t, k, "enabled", "never") // it still obeys
	if now := get(t, root, scanFile); now != "100" {
		t.Errorf("%s: put back too early", now)
	}
	if _, err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if now := get(t, root, scanFile); now != "10000" {
		t.Errorf("the setting is %s", now)
	}
}

// The kernel's own file, which tests of probe change too, one at a time.
func TestKernelSettingIsPutBack(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: run make test")
	}
	if _, err := os.Stat(filepath.Join(HugePages, scanFile)); err != nil {
		t.Skip("the kernel has no khugepaged")
	}
	probetest.HoldSettings(t)
	was := get(t, HugePages, scanFile)
	t.Cleanup(func() { put(t, HugePages, scanFile, was) })
	killed(t, HugePages, was, func(p *os.Process) { _ = p.Kill() })
}

func TestChosen(t *testing.T) {
	for text, want := range map[string]string{
		"always [madvise] never\n": "madvise", "10000\n": "10000", "": "", "[": "[", "a [b": "a [b", "[never] madvise": "never",
	} {
		if got := Chosen(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
