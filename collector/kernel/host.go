package kernel

import (
	"errors"
	"fmt"
	"io"
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
// cannot be read), the CPUs online and their model, khugepaged's max_ptes_none, RAM
// and swap space.
func (f FS) Host() (mem.Host, error) {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return mem.Host{}, fmt.Errorf("uname: %w", err)
	}
	meminfo, _ := os.ReadFile(filepath.Join(f.proc, "meminfo")) // without it sizes are unknown
	return mem.Host{
		Kernel:   unix.ByteSliceToString(uts.Release[:]),
		Build:    unix.ByteSliceToString(uts.Version[:]),
		Arch:     runtime.GOARCH,
		PageSize: os.Getpagesize(),
		THP:      f.thp(),
		CPUs:     f.cpus(),

		MaxPtesNone: f.maxPtesNone(),
		SwapTotal:   sizeIn(meminfo, "SwapTotal:"),
		CPUModel:    f.cpuModel(),
		MemTotal:    sizeIn(meminfo, "MemTotal:"),
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

// sizeIn is a line of /proc/meminfo in bytes, 0 where there is none.
func sizeIn(meminfo []byte, name string) uint64 {
	for line := range strings.Lines(string(meminfo)) {
		if value, found := strings.CutPrefix(line, name); found {
			size, _ := parseKiB([]byte(strings.TrimSpace(value))) // 0 where it is no size
			return size
		}
	}
	return 0
}

// cpuModel is the "model name" of the first CPU in /proc/cpuinfo; "" on architectures
// that have none. Only the file's beginning is read: it tells the same for each of
// hundreds of CPUs, and asks some of them how fast they run.
func (f FS) cpuModel() string {
	const most = 4 << 10
	file, err := os.Open(filepath.Join(f.proc, "cpuinfo"))
	if err != nil {
		return ""
	}
	defer file.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(name) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
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
