package bpf

import (
	"strconv"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// callName is enum call of whyres.bpf.c in words.
func callName(call uint32) mem.Call {
	switch uint8(call) {
	case callMmap:
		return mem.Mmap
	case callMunmap:
		return mem.Munmap
	case callMadvise:
		return mem.Madvise
	case callMremap:
		return mem.Mremap
	case callBrk:
		return mem.Brk
	case callProcessMadvise:
		return mem.ProcessMadvise
	case callPrctl:
		return mem.PrctlSetVMA
	}
	return mem.Call("call_" + strconv.Itoa(int(call)))
}

// adviceName names the advices of include/uapi/asm-generic/mman-common.h. One
// that is newer than this list is given by its number.
func adviceName(advice uint64) string {
	names := [...]string{
		unix.MADV_NORMAL: "NORMAL", unix.MADV_RANDOM: "RANDOM", unix.MADV_SEQUENTIAL: "SEQUENTIAL",
		unix.MADV_WILLNEED: "WILLNEED", unix.MADV_DONTNEED: "DONTNEED", unix.MADV_FREE: "FREE",
		unix.MADV_REMOVE: "REMOVE", unix.MADV_DONTFORK: "DONTFORK", unix.MADV_DOFORK: "DOFORK",
		unix.MADV_MERGEABLE: "MERGEABLE", unix.MADV_UNMERGEABLE: "UNMERGEABLE",
		unix.MADV_HUGEPAGE: "HUGEPAGE", unix.MADV_NOHUGEPAGE: "NOHUGEPAGE",
		unix.MADV_DONTDUMP: "DONTDUMP", unix.MADV_DODUMP: "DODUMP",
		unix.MADV_WIPEONFORK: "WIPEONFORK", unix.MADV_KEEPONFORK: "KEEPONFORK",
		unix.MADV_COLD: "COLD", unix.MADV_PAGEOUT: "PAGEOUT",
		unix.MADV_POPULATE_READ: "POPULATE_READ", unix.MADV_POPULATE_WRITE: "POPULATE_WRITE",
		unix.MADV_DONTNEED_LOCKED: "DONTNEED_LOCKED", unix.MADV_COLLAPSE: "COLLAPSE",
		unix.MADV_HWPOISON: "HWPOISON", 101: "SOFT_OFFLINE", 102: "GUARD_INSTALL", 103: "GUARD_REMOVE",
	}
	if advice < uint64(len(names)) && names[advice] != "" {
		return "MADV_" + names[advice]
	}
	return "MADV_" + strconv.FormatUint(advice, 10)
}

// errnoName is "" for success, else the error's name: "ENOMEM".
func errnoName(ret int64) string {
	if ret >= 0 || ret < -4095 {
		return ""
	}
	if name := unix.ErrnoName(unix.Errno(-ret)); name != "" {
		return name
	}
	return "errno " + strconv.FormatInt(-ret, 10)
}
