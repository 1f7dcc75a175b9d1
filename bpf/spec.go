package bpf

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// maxCPUs is MAX_CPUS of whyres.bpf.c.
const maxCPUs = 1024

// The calls as enum call of whyres.bpf.c numbers them.
const (
	callMmap uint8 = iota + 1
	callMunmap
	callMadvise
	callMremap
	callBrk
	callProcessMadvise
	callPrctl
)

// numbers of the system calls on the architecture this is built for.
func callTable() (table [512]uint8) {
	table[unix.SYS_MMAP] = callMmap
	table[unix.SYS_MUNMAP] = callMunmap
	table[unix.SYS_MADVISE] = callMadvise
	table[unix.SYS_MREMAP] = callMremap
	table[unix.SYS_BRK] = callBrk
	table[unix.SYS_PROCESS_MADVISE] = callProcessMadvise
	table[unix.SYS_PRCTL] = callPrctl
	return table
}

// functionPrefix is what the kernel puts before the name of a system call's
// entry function (arch/*/include/asm/syscall_wrapper.h).
func functionPrefix() string {
	if runtime.GOARCH == "arm64" {
		return "__arm64_"
	}
	return "__x64_"
}

// kernelTypes is the running kernel's own description of its types.
func kernelTypes() (*btf.Spec, error) {
	types, err := btf.LoadKernelSpec()
	if os.IsPermission(err) {
		return nil, explainLoad(err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: it does not describe its types (BTF): boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, which has /sys/kernel/btf/vmlinux: %w", ErrUnsupported, err)
	}
	return types, nil
}

// countersArePerCPU is counters_are_percpu() of whyres.bpf.c: Linux 6.2 or
// newer.
func countersArePerCPU(types *btf.Spec) bool {
	var old *btf.Struct
	return types.TypeByName("mm_rss_stat", &old) != nil
}

// pagesTellKind reports whether struct page has the field by which page_freed() of
// whyres.bpf.c knows anonymous memory.
func pagesTellKind(types *btf.Spec) bool {
	var page *btf.Struct
	return types.TypeByName("page", &page) == nil && hasMember(page.Members, "mapping")
}

// hasMember looks into members without a name too.
func hasMember(members []btf.Member, name string) bool {
	for i := range members {
		m := &members[i]
		if m.Name == name {
			return true
		}
		if m.Name != "" {
			continue
		}
		switch inner := m.Type.(type) {
		case *btf.Struct:
			if hasMember(inner.Members, name) {
				return true
			}
		case *btf.Union:
			if hasMember(inner.Members, name) {
				return true
			}
		}
	}
	return false
}

// spec is the program as it should be loaded for o and the way calls are seen.
func spec(o Options, way Attach, perCPU bool, cpus int) (*ebpf.CollectionSpec, error) {
	cs, err := loadKernel()
	if err != nil {
		return nil, fmt.Errorf("read the built-in eBPF object: %w", err)
	}
	need, err := needSecondCopy(way)
	if err != nil {
		return nil, err
	}
	for name, p := range cs.Programs {
		isFunction := p.AttachType == ebpf.AttachTraceFEntry || p.AttachType == ebpf.AttachTraceFExit
		isRaw := strings.HasPrefix(name, "raw_")
		switch {
		case strings.HasSuffix(name, "_again") && !need && !o.twice:
			delete(cs.Programs, name)
		case isFunction && way == AttachFunctions:
			p.AttachTo = functionPrefix() + p.AttachTo
		case isFunction, isRaw && way == AttachFunctions:
			delete(cs.Programs, name)
		case name == kernelProgPageFreed && !o.Allocator:
			delete(cs.Programs, name)
		case name == "learn_cpus" && !perCPU, strings.HasPrefix(name, "rss_stat") && o.NoRSS:
			delete(cs.Programs, name)
		}
	}
	cs.Maps["events"].MaxEntries = uint32(o.RingBytes)
	return cs, setConstants(cs, o, cpus)
}

// needSecondCopy reports whether programs of this kernel can be preempted (enum
// copy of whyres.bpf.c): functions' always, tracepoints' from 7.1 on.
func needSecondCopy(way Attach) (bool, error) {
	version, err := features.LinuxVersionCode()
	if err != nil {
		return false, fmt.Errorf("which kernel is this? %w", err)
	}
	return way == AttachFunctions || version >= 7<<16|1<<8, nil
}

func setConstants(cs *ebpf.CollectionSpec, o Options, cpus int) error {
	for name, value := range map[string]any{
		"possible_cpus":   uint32(cpus),
		"wake_bytes":      uint32(o.WakeBytes),
		"want_stack":      flag(!o.NoStacks),
		"want_rss":        flag(!o.NoRSS),
		"follow_children": flag(o.Children),
		"call_of":         callTable(),
	} {
		v, ok := cs.Variables[name]
		if !ok {
			return fmt.Errorf("the built-in eBPF object lacks %s: rebuild it with make generate", name)
		}
		if err := v.Set(value); err != nil {
			return fmt.Errorf("set %s of the eBPF object: %w", name, err)
		}
	}
	return nil
}

func flag(on bool) uint32 {
	if on {
		return 1
	}
	return 0
}
