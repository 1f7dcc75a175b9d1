package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"whyres/bpf"
	"whyres/collector/kernel"
)

// fixture is a host of which all is well, with other files put in; a file whose
// text is "-" is left out.
func fixture(t *testing.T, files map[string]string) *Host {
	t.Helper()
	all := map[string]string{
		"proc/7/status":          "Name:\twhyres\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n",
		"proc/7/ns/pid":          "-> pid:[4026531836]",
		"proc/kpageflags":        "",
		"proc/meminfo":           "MemTotal:       1 kB\nSwapTotal:             0 kB\n",
		"sys/kernel/btf/vmlinux": "x",
		"sys/kernel/mm/transparent_hugepage/enabled":                  "always [madvise] never\n",
		"sys/kernel/mm/transparent_hugepage/defrag":                   "always defer [madvise] never\n",
		"sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none": "0\n",
	}
	for name, text := range files {
		all[name] = text
	}
	root := t.TempDir()
	for _, dir := range []string{"proc", "sys"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range all {
		put(t, filepath.Join(root, name), text)
	}
	return &Host{
		Proc: filepath.Join(root, "proc"), Sys: filepath.Join(root, "sys"),
		Release: "6.18.1", Arch: "amd64", PID: 7, Exe: "/bin/whyres",
		Try: Tries{
			Trace:      func(string) ([]string, error) { return nil, nil },
			NameMemory: func() error { return nil },
			ReadMemory: func() error { return nil },
			Residency:  func() (kernel.Way, error) { return kernel.WayScan, nil },
		},
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if text == "-" {
		return
	}
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if target, isLink := strings.CutPrefix(text, "-> "); err == nil && isLink {
		err = os.Symlink(target, path)
	} else if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, checks []Check, id string) Check {
	t.Helper()
	for _, c := range checks {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no check %s in %+v", id, checks)
	return Check{}
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	checks := fixture(t, nil).Checks()
	for _, c := range checks {
		if c.Status == Missing || c.Status == Unknown || c.Found == "" {
			t.Errorf("%+v", c)
		}
	}
	if got := Blocked(checks); got != nil {
		t.Errorf("blocked by %v", got)
	}
}

func TestHostChecks(t *testing.T) {
	t.Parallel()
	unprivileged := "CapEff:\t0000000000000000\nSeccomp:\t2\n"
	for _, tt := range []struct {
		name   string
		files  map[string]string
		change func(*Host)
		id     string
		status Status
		blocks bool
		says   string // in what was found, or what it means, or the remedy
	}{
		{"an old kernel", nil, func(h *Host) { h.Release = "5.4.0-100-generic" }, "kernel", Missing, true, "5.10"},
		{"the least kernel", nil, func(h *Host) { h.Release = "5.10" }, "kernel", OK, false, ""},
		{"a kernel by another name", nil, func(h *Host) { h.Release = "custom" }, "kernel", Unknown, false, ""},
		{"another machine", nil, func(h *Host) { h.Arch = "riscv64" }, "kernel", Missing, true, "amd64 or arm64"},
		{"a container", map[string]string{"proc/7/ns/pid": "-> pid:[4026532000]"}, nil, "pid_namespace", Missing, true, "--pid=host"},
		{"no namespace to be seen", map[string]string{"proc/7/ns/pid": "-"}, nil, "pid_namespace", Unknown, false, ""},
		{"no BTF", map[string]string{"sys/kernel/btf/vmlinux": "-"}, nil, "btf", Missing, true, "CONFIG_DEBUG_INFO_BTF"},
		{"lockdown", map[string]string{"sys/kernel/security/lockdown": "none integrity [confidentiality]\n"}, nil, "lockdown", Missing, true, "confidentiality"},
		{"integrity", map[string]string{"sys/kernel/security/lockdown": "none [integrity] confidentiality\n"}, nil, "lockdown", Info, false, ""},
		{"no lockdown", map[string]string{"sys/kernel/security/lockdown": "[none] integrity confidentiality\n"}, nil, "lockdown", OK, false, ""},
		{"no rights", map[string]string{"proc/7/status": unprivileged}, nil, "cap_sys_ptrace", Missing, true, "setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep /bin/whyres"},
		{"no CAP_SYS_ADMIN", map[string]string{"proc/7/status": "CapEff:\t000000c000080004\n"}, nil, "cap_sys_admin", Info, false, "6.7"},
		{"just enough", map[string]string{"proc/7/status": "CapEff:\t000000c000080004\n"}, nil, "capabilities", OK, false, "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH"},
		{"CAP_SYS_ADMIN stands for CAP_BPF", map[string]string{"proc/7/status": "CapEff:\t0000000000200000\n"}, nil, "capabilities", OK, false, "CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN"},
		{"no status", map[string]string{"proc/7/status": "-"}, nil, "capabilities", Unknown, false, ""},
		{"a filter", map[string]string{"proc/7/status": unprivileged}, nil, "seccomp", Info, false, "seccomp=unconfined"},
		{"Yama 1, with the right", map[string]string{"proc/sys/kernel/yama/ptrace_scope": "1\n"}, nil, "yama", OK, false, "1"},
		{"Yama 1, without", map[string]string{"proc/sys/kernel/yama/ptrace_scope": "1\n", "proc/7/status": unprivileged}, nil, "yama", Missing, true, "sudo"},
		{"Yama 0, without", map[string]string{"proc/sys/kernel/yama/ptrace_scope": "0\n", "proc/7/status": unprivileged}, nil, "yama", OK, false, "0"},
		{"Yama 3", map[string]string{"proc/sys/kernel/yama/ptrace_scope": "3\n"}, nil, "yama", Missing, true, "not even root"},
		{"Yama nonsense", map[string]string{"proc/sys/kernel/yama/ptrace_scope": "x\n"}, nil, "yama", Unknown, false, ""},
		{"no process_vm_readv", nil, func(h *Host) { h.Try.ReadMemory = func() error { return errors.ErrUnsupported } }, "memory", Missing, true, "CROSS_MEMORY_ATTACH"},
		{"no pagemap", nil, func(h *Host) { h.Try.Residency = func() (kernel.Way, error) { return "", os.ErrNotExist } }, "pagemap", Missing, true, "PAGE_MONITOR"},
		{"pagemap alone", nil, func(h *Host) { h.Try.Residency = func() (kernel.Way, error) { return kernel.WayExclusive, nil } }, "pagemap", Info, false, "6.7"},
		{"pagemap and flags", nil, func(h *Host) { h.Try.Residency = func() (kernel.Way, error) { return kernel.WayFlags, nil } }, "pagemap", OK, false, ""},
		{"no kpageflags", map[string]string{"proc/kpageflags": "-"}, nil, "kpageflags", Info, false, ""},
		{"no names", nil, func(h *Host) { h.Try.NameMemory = func() error { return os.ErrInvalid } }, "vma_names", Info, false, "CONFIG_ANON_VMA_NAME"},
		{"THP always", map[string]string{"sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never\n"}, nil, "thp", Info, false, "2 MiB"},
		{"THP never", map[string]string{"sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]\n"}, nil, "thp", Info, false, "no huge page"},
		{"no THP", map[string]string{"sys/kernel/mm/transparent_hugepage/enabled": "-"}, nil, "thp", OK, false, ""},
		{"khugepaged fills", map[string]string{
			"sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never\n", "sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none": "511\n",
		}, nil, "khugepaged", Info, false, "echo 0 | sudo tee"},
		{"khugepaged asked", map[string]string{"sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none": "511\n"}, nil, "khugepaged", Info, false, "where huge pages are asked for"},
		{"khugepaged does not", nil, nil, "khugepaged", OK, false, ""},
		{"khugepaged unknown", map[string]string{"sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none": "-"}, nil, "khugepaged", Unknown, false, ""},
		{"swap", map[string]string{"proc/meminfo": "SwapTotal:       2097152 kB\n"}, nil, "swap", Info, false, "2048 MiB"},
		{"no swap", nil, nil, "swap", Info, false, "none"},
		{"no meminfo", map[string]string{"proc/meminfo": "-"}, nil, "swap", Unknown, false, ""},
		{"DAMON", map[string]string{"sys/kernel/mm/damon/admin/kdamonds/0/state": "on\n"}, nil, "proactive_reclaim", Info, false, "DAMON"},
		{"DAMON, off", map[string]string{"sys/kernel/mm/damon/admin/kdamonds/0/state": "off\n"}, nil, "proactive_reclaim", OK, false, ""},
		{"damon_reclaim", map[string]string{"sys/module/damon_reclaim/parameters/enabled": "Y\n"}, nil, "proactive_reclaim", Info, false, "damon_reclaim"},
		{"a kdamond", map[string]string{"proc/55/comm": "kdamond.0\n"}, nil, "proactive_reclaim", Info, false, "kdamond"},
		{"tracefs", map[string]string{"sys/kernel/tracing/events/x": ""}, nil, "tracefs", Info, false, "mounted at"},
		{"no tracefs", nil, nil, "tracefs", Info, false, "not mounted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := fixture(t, tt.files)
			if tt.change != nil {
				tt.change(h)
			}
			c := find(t, h.Checks(), tt.id)
			if c.Status != tt.status || c.Blocks() != tt.blocks {
				t.Errorf("%+v, want %s, blocking: %v", c, tt.status, tt.blocks)
			}
			if !strings.Contains(c.Found+"\n"+c.Means+"\n"+c.Remedy, tt.says) {
				t.Errorf("it does not say %q: %+v", tt.says, c)
			}
			if c.Status == Missing && (c.Remedy == "" || c.Means == "") {
				t.Errorf("it does not say what to do: %+v", c)
			}
		})
	}
}

func TestProgram(t *testing.T) {
	t.Parallel()
	no := func(sentinel error) error { return fmt.Errorf("%w: because", sentinel) }
	for name, tt := range map[string]struct {
		functions, raw error
		bpf, attach    Status // attach "": not told
		says           string
	}{
		"functions":       {nil, nil, OK, OK, "fentry"},
		"tracepoints":     {no(bpf.ErrUnsupported), nil, OK, Info, "CONFIG_KPROBES"},
		"not permitted":   {no(bpf.ErrPrivilege), no(bpf.ErrPrivilege), Missing, "", "setcap"},
		"not supported":   {no(bpf.ErrUnsupported), no(bpf.ErrUnsupported), Missing, "", "CONFIG_BPF_SYSCALL"},
		"something\nelse": {errors.New("x"), errors.New("odd\nly"), Missing, "", "odd ly"},
	} {
		h := fixture(t, nil)
		h.Try.Trace = func(way string) ([]string, error) {
			if way == string(bpf.AttachFunctions) {
				return []string{"collapses"}, tt.functions
			}
			return []string{"collapses"}, tt.raw
		}
		checks := h.program()
		if c := find(t, checks, "bpf"); c.Status != tt.bpf || c.Blocks() != (tt.bpf == Missing) {
			t.Errorf("%s: %+v", name, c)
		}
		if tt.attach != "" && find(t, checks, "attach").Status != tt.attach {
			t.Errorf("%s: %+v", name, checks)
		}
		if tt.bpf == OK && find(t, checks, "trace_lacks").Found != "collapses" {
			t.Errorf("%s: what a trace lacks is not told: %+v", name, checks)
		}
		if text := fmt.Sprint(checks); !strings.Contains(text, tt.says) {
			t.Errorf("%s: no %q in %s", name, tt.says, text)
		}
	}
}
