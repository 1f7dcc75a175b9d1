package kernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	id64  = "3f4ac1b2d9e8f7061524334251607f8e9dacbbcad1e0f9081726354433221100"
	short = "3f4ac1b2d9e8"
	id32  = "0123456789abcdef0123456789abcdef"
)

// The paths are of the shapes that each runtime makes, with either driver.
func TestCgroupName(t *testing.T) {
	t.Parallel()
	const pod = "podd0c2f1a4-6a51-4a8e-9a51-2f6a7c9e1b23"
	const podUnit = "podd0c2f1a4_6a51_4a8e_9a51_2f6a7c9e1b23.slice"
	for path, want := range map[string]string{
		"":                                "",
		"/":                               "",
		"/init.scope":                     "",
		"/docker/" + id64:                 short,
		"/docker/" + id64 + "/init.scope": short,

		"/system.slice/docker-" + id64 + ".scope": short,
		"/system.slice/docker.service":            "docker.service",

		"/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" + id64:                         short,
		"/kubepods/burstable/" + pod + "/" + id64:                                                                       short,
		"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" + podUnit + "/cri-containerd-" + id64 + ".scope": short,
		"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" + podUnit + "/crio-" + id64 + ".scope":         short,
		"/kubepods.slice/kubepods-pod1.slice/crio-conmon-" + id64 + ".scope":                                            "crio-conmon-" + id64,
		"/docker/" + strings.Repeat("a", 64) + "/kubelet/kubepods/" + pod + "/" + id64:                                  short,
		"/machine.slice/libpod-" + id64 + ".scope":                                                                      short,
		"/machine.slice/libpod-" + id64 + ".scope/container":                                                            short,
		"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id64 + ".scope/container":                  short,
		"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-conmon-" + id64 + ".scope":                     "libpod-conmon-" + id64,
		"/default/" + id64:                          short,
		"/ecs/" + id32 + "/" + id32 + "-3456789012": "0123456789ab",
		"/garden/" + id32:                           "0123456789ab",
		"/lxc/web":                                  "web",
		"/lxc/web/system.slice/nginx.service":       "web",
		"/lxc.payload.web/init.scope":               "web",
		`/machine.slice/machine-web\x2d1.scope/system.slice/nginx.service`:    "web-1",
		"/machine.slice/systemd-nspawn@web.service/payload":                   "web",
		"/system.slice/nginx.service":                                         "nginx.service",
		"/system.slice/system-getty.slice/getty@tty1.service":                 "getty@tty1.service",
		"/user.slice/user-1000.slice/session-3.scope":                         "",
		"/user.slice/user-1000.slice/user@1000.service/init.scope":            "",
		"/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope": "app-x",
		"/batch/jobs/17":                    "17",
		"/../../system.slice/nginx.service": "nginx.service",
	} {
		if got := (Cgroup{Path: path}).Name(); got != want {
			t.Errorf("%s is called %q, want %q", path, got, want)
		}
	}
}

func TestParseCgroup(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want Cgroup
	}{
		"v2":                {"0::/system.slice/nginx.service\n", Cgroup{"/system.slice/nginx.service", true}},
		"v2, root":          {"0::/\n", Cgroup{"/", true}},
		"v1":                {"9:name=systemd:/a\n4:memory:/docker/x\n1:cpu:/\n", Cgroup{"/docker/x", false}},
		"both, v1's memory": {"4:cpu,memory:/m\n1:name=systemd:/s\n0::/s\n", Cgroup{"/m", false}},
		"no memory":         {"1:name=systemd:/s\n0::/\n", Cgroup{"/s", false}},
		"a colon in it":     {"0::/a:b:c\n", Cgroup{"/a:b:c", true}},
		"nothing":           {"", Cgroup{"/", false}},
	} {
		if got, err := parseCgroup(tt.text); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, tt.want)
		}
	}
	if _, err := parseCgroup("no colon at all\n"); err == nil {
		t.Error("a line without colons was taken")
	}
}

// A real group, where one can be made: the process that is put there is found
// there, by the name that the folder has. Elsewhere one's own is found.
func TestCgroupOfAProcess(t *testing.T) {
	pid, want := os.Getpid(), ""
	if dir := makeCgroup(t, "docker-"+id64+".scope"); dir != nil {
		cmd := exec.Command("sleep", "60")
		cmd.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		pid, want = cmd.Process.Pid, short
	}
	p := openProcess(t, pid)
	c, err := p.Cgroup()
	if err != nil || !strings.HasPrefix(c.Path, "/") {
		t.Fatalf("%+v, %v", c, err)
	}
	text, err := os.ReadFile(p.path("cgroup"))
	if err != nil || !strings.Contains(string(text), ":"+c.Path+"\n") {
		t.Errorf("%+v is not in %q: %v", c, text, err)
	}
	if c, err = parseCgroup(unifiedLine(string(text))); err != nil || want != "" && c.Name() != want {
		t.Errorf("%+v, %q, want %q: %v", c, c.Name(), want, err)
	}
}

// unifiedLine leaves out the hierarchies of cgroup v1, which can have the memory
// controller.
func unifiedLine(text string) string {
	_, line, _ := strings.Cut("\n"+text, "\n0::")
	return "0::" + line
}

// makeCgroup makes a group for the time of the test; nil where that is not
// possible: without root, or cgroup2.
func makeCgroup(t *testing.T, name string) *os.File {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if err := unix.Statfs(root, &st); err != nil || st.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		group := filepath.Join(root, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			t.Log(err)
			continue
		}
		t.Cleanup(func() { _ = os.Remove(group) })
		dir, err := os.Open(group)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = dir.Close() })
		return dir
	}
	t.Log("no control group can be made here")
	return nil
}

func openProcess(t *testing.T, pid int) *Process {
	t.Helper()
	p, err := Default().Open(pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// The list holds whoever surely runs, and no thread.
func TestPIDs(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	pids, err := Default().PIDs()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for i, pid := range pids {
		seen[pid] = true
		if i > 0 && pids[i-1] >= pid {
			t.Fatalf("not ascending: %v", pids)
		}
	}
	if !seen[os.Getpid()] || !seen[cmd.Process.Pid] {
		t.Errorf("%d and %d run, the list is %v", os.Getpid(), cmd.Process.Pid, pids)
	}
}
