package kernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestHost(t *testing.T) {
	h, err := fixtures(t).Host()
	if err != nil {
		t.Fatal(err)
	}
	if h.THP != "madvise" || h.CPUs != 5 || h.Arch != runtime.GOARCH || h.PageSize != os.Getpagesize() {
		t.Errorf("host %+v", h)
	}
	if h.MaxPtesNone != nil || h.SwapTotal != 0 {
		t.Errorf("host %+v: there are no such fixtures", h)
	}
	for flag, got := range map[string]string{"-r": h.Kernel, "-v": h.Build} {
		want, err := exec.Command("uname", flag).Output()
		if err != nil {
			t.Skip("no uname command: ", err)
		}
		if got != strings.TrimSpace(string(want)) {
			t.Errorf("%q, want %q of uname %s", got, want, flag)
		}
	}
}

func TestHostWithoutFiles(t *testing.T) {
	fs, err := NewFS("testdata/proc", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h, err := fs.Host()
	if err != nil || h.THP != "none" || h.CPUs != runtime.NumCPU() {
		t.Errorf("host %+v, %v; want no huge pages, and the CPUs of whyres itself", h, err)
	}
}

func TestHostTellsOfSwapAndKhugepaged(t *testing.T) {
	t.Parallel()
	const khugepaged = "sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none"
	root := tree(t, map[string]string{
		khugepaged:      "511\n",
		"proc/meminfo":  "MemTotal:       16342612 kB\nSwapTotal:       2097148 kB\nSwapFree:        2097148 kB\n",
		"none/meminfo":  "MemTotal:       16342612 kB\n",
		"wrong/meminfo": "SwapTotal: much\n",
	})
	for proc, swap := range map[string]uint64{"proc": 2097148 << 10, "none": 0, "wrong": 0, "sys": 0} {
		fs, err := NewFS(filepath.Join(root, proc), filepath.Join(root, "sys"))
		if err != nil {
			t.Fatal(err)
		}
		h, err := fs.Host()
		if err != nil || h.SwapTotal != swap || h.MaxPtesNone == nil || *h.MaxPtesNone != 511 {
			t.Errorf("%s: %+v, %v", proc, h, err)
		}
	}
}

// As the kernel prints them: x86, arm64, which has no names, and no such line.
func TestHostTellsOfCPUsAndRAM(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{
		"x86/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 79\n" +
			"model name\t: Intel(R) Xeon(R) CPU   E5-2680 v4 @ 2.40GHz\nstepping\t: 1\n\nprocessor\t: 1\nmodel name\t: another\n",
		"x86/meminfo":   "MemTotal:       16342612 kB\nMemFree:          342612 kB\n",
		"arm/cpuinfo":   "processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n",
		"arm/meminfo":   "MemTotal: much\n",
		"empty/cpuinfo": "model name\n",
	})
	for proc, want := range map[string]struct {
		model string
		ram   uint64
	}{"x86": {"Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 16342612 << 10}, "arm": {}, "empty": {}} {
		fs, err := NewFS(filepath.Join(root, proc), root)
		if err != nil {
			t.Fatal(err)
		}
		if h, err := fs.Host(); err != nil || h.CPUModel != want.model || h.MemTotal != want.ram {
			t.Errorf("%s: %+v, %v; want %+v", proc, h, err, want)
		}
	}
}

func TestBracketed(t *testing.T) {
	for list, want := range map[string]string{
		"[always] madvise never\n": "always", "always madvise [never]": "never",
		"always": "unknown", "[": "unknown", "[]": "unknown", "": "unknown",
	} {
		if got := bracketed(list); got != want {
			t.Errorf("bracketed(%q) = %q, want %q", list, got, want)
		}
	}
}

func TestCountList(t *testing.T) {
	for list, want := range map[string]int{"0": 1, "0-1": 2, "0-3,8": 5, "1,3,5-7": 5} {
		if got, err := countList(list); err != nil || got != want {
			t.Errorf("countList(%q) = %d, %v; want %d", list, got, err, want)
		}
	}
	for _, list := range []string{"", "a", "3-1", "0-99999999", "1,", "-1"} {
		if got, err := countList(list); err == nil {
			t.Errorf("countList(%q) = %d, want an error", list, got)
		}
	}
}
