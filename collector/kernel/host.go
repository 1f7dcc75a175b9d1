package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// Host tells where this runs: the kernel's release and build, the architecture as Go
// names it, the page size in bytes, the huge-page setting ("always", "madvise",
// "never", "none" where the kernel has no huge pages, "unknown" where the file
// cannot be read), the CPUs online, khugepaged's max_ptes_none and the swap space.
func (f FS) Host() (mem.Host, error) {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return mem.Host{}, fmt.Errorf("uname: %w", err)
	}
	return mem.Host{
		Kernel:   unix.ByteSliceToString(uts.Release[:]),
		Build:    unix.ByteSliceToString(uts.Version[:]),
		Arch:     runtime.GOARCH,
		PageSize: os.Getpagesize(),
		THP:      f.thp(),
		CPUs:     f.cpus(),

		MaxPtesNone: f.maxPtesNone(),
		SwapTotal:   f.swapTotal(),
	}, nil
}

// maxPtesNone reads khugepaged's setting; nil where it cannot be read.
func (f FS) maxPtesNone() *int {
	n, err := readBytes(filepath.Join(f.sys, "kernel/mm/transparent_hugepage/khugepaged/max_ptes_none"))
	if err != nil || n > 1<<20 {
		return nil
	}
	most := int(n)
	return &most
}

// swapTotal is SwapTotal of /proc/meminfo in bytes, 0 where there is none.
func (f FS) swapTotal() uint64 {
	text, err := os.ReadFile(filepath.Join(f.proc, "meminfo"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "SwapTotal:"); found {
			total, _ := parseKiB([]byte(strings.TrimSpace(value))) // 0 where it is no size
			return total
		}
	}
	return 0
}

// thp reads /sys/kernel/mm/transparent_hugepage/enabled.
func (f FS) thp() string {
	text, err := os.ReadFile(filepath.Join(f.sys, "kernel/mm/transparent_hugepage/enabled"))
	if errors.Is(err, fs.ErrNotExist) {
		return "none"
	}
	if err != nil {
		return "unknown"
	}
	return bracketed(string(text))
}

// bracketed is the chosen word of a sysfs list: "always [madvise] never".
func bracketed(list string) string {
	_, rest, found := strings.Cut(list, "[")
	word, _, closed := strings.Cut(rest, "]")
	if !found || !closed || word == "" {
		return "unknown"
	}
	return word
}

// cpus counts the processors online. runtime.NumCPU would be those that
// whyres itself may run on: an affinity mask narrows it.
func (f FS) cpus() int {
	text, err := os.ReadFile(filepath.Join(f.sys, "devices/system/cpu/online"))
	if err != nil {
		return runtime.NumCPU()
	}
	n, err := countList(strings.TrimSpace(string(text)))
	if err != nil {
		return runtime.NumCPU()
	}
	return n
}

// countList counts the members of a kernel list such as "0-3,8".
func countList(list string) (int, error) {
	total := 0
	for part := range strings.SplitSeq(list, ",") {
		first, last, isSpan := strings.Cut(part, "-")
		if !isSpan {
			last = first
		}
		a, errA := parseUint([]byte(first))
		b, errB := parseUint([]byte(last))
		if errA != nil || errB != nil || b < a || b > 1<<20 {
			return 0, fmt.Errorf("list %q: want numbers and spans", clip([]byte(list)))
		}
		total += int(b-a) + 1
	}
	return total, nil
}
