package product

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

type check struct {
	Status string `json:"status"`
	Found  string `json:"found"`
	Means  string `json:"means"`
}

// What doctor says of this kernel against what can be found out without it.
func TestDoctor(t *testing.T) {
	privileged(t)
	text := whyres(t, "doctor", "--json")
	keep(t, "doctor.json", text)
	checks := map[string]check{}
	for _, c := range decode[struct {
		Checks []struct {
			ID string `json:"id"`
			check
		}
	}](t, text).Checks {
		checks[c.ID] = c.check
	}
	for _, tt := range []struct {
		name string
		is   bool // as the kernel itself shows
		told bool // as doctor says
	}{
		{"PAGEMAP_SCAN", scansPagemap(t), checks["pagemap"].Found == "the PAGEMAP_SCAN call"},
		{"names of anonymous memory", namesMemory(t), checks["vma_names"].Status == "ok"},
		{"huge pages", strings.Contains(thpSettings(t), "[always]"), strings.Contains(checks["thp"].Found, "always")},
		{"swap", hasSwap(t), checks["swap"].Found != "none"},
		{"BTF", exists("/sys/kernel/btf/vmlinux"), checks["btf"].Status == "ok"},
		{"the eBPF program loads", true, checks["bpf"].Status == "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.told != tt.is {
				t.Errorf("doctor says %v, the kernel %v: %+v", tt.told, tt.is, checks)
			}
		})
	}
	t.Run("fentry", func(t *testing.T) { functions(t, checks["attach"]) })
}

// functions: where no program at all can be attached to a function, doctor may not say
// so; on kernels from 6.12, which have all that whyres wants of it, it must where one
// can.
func functions(t *testing.T, c check) {
	told, err := c.Status == "ok" && strings.Contains(c.Found, "fentry"), attachFunction()
	switch {
	case err != nil && told:
		t.Errorf("doctor says %+v, but: %v", c, err)
	case err == nil && !told && !running(t).before(release{6, 12}):
		t.Errorf("doctor says %+v, but a function can be attached to", c)
	}
	t.Logf("%s; attaching a program: %v", c.Found, err)
}

// attachFunction attaches a program that does nothing to the kernel's madvise.
func attachFunction() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: "__x64_sys_madvise", License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := link.AttachTracing(link.TracingOptions{Program: p})
	if err != nil {
		return err
	}
	return l.Close()
}

// scansPagemap makes the call: struct pm_scan_arg of include/uapi/linux/fs.h has twelve
// words, of which an empty range needs the first.
func scansPagemap(t *testing.T) bool {
	t.Helper()
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const pagemapScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)
	arg := [12]uint64{0: 12 * 8}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), pagemapScan, uintptr(unsafe.Pointer(&arg)))
	runtime.KeepAlive(&arg)
	if errno != 0 && !errors.Is(errno, unix.ENOTTY) {
		t.Fatalf("PAGEMAP_SCAN: %v", errno)
	}
	return errno == 0
}

// namesMemory names a page, and looks for the name.
func namesMemory(t *testing.T) bool {
	t.Helper()
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(page) }()
	const name = "a page of the doctor's test"
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.Prctl(unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME,
		uintptr(unsafe.Pointer(&page[0])), uintptr(len(page)), uintptr(unsafe.Pointer(text))) // the maps tell
	runtime.KeepAlive(text)
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(maps), "[anon:"+name+"]")
}

func hasSwap(t *testing.T) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/swaps")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n") > 1
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
