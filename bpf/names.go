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

// adviceNames are the advices of include/uapi/asm-generic/mman-common.h.
var adviceNames = [...]string{
	unix.MADV_NORMAL: "MADV_NORMAL", unix.MADV_RANDOM: "MADV_RANDOM", unix.MADV_SEQUENTIAL: "MADV_SEQUENTIAL",
	unix.MADV_WILLNEED: "MADV_WILLNEED", unix.MADV_DONTNEED: "MADV_DONTNEED", unix.MADV_FREE: "MADV_FREE",
	unix.MADV_REMOVE: "MADV_REMOVE", unix.MADV_DONTFORK: "MADV_DONTFORK", unix.MADV_DOFORK: "MADV_DOFORK",
	unix.MADV_MERGEABLE: "MADV_MERGEABLE", unix.MADV_UNMERGEABLE: "MADV_UNMERGEABLE",
	unix.MADV_HUGEPAGE: "MADV_HUGEPAGE", unix.MADV_NOHUGEPAGE: "MADV_NOHUGEPAGE",
	unix.MADV_DONTDUMP: "MADV_DONTDUMP", unix.MADV_DODUMP: "MADV_DODUMP",
	unix.MADV_WIPEONFORK: "MADV_WIPEONFORK", unix.MADV_KEEPONFORK: "MADV_KEEPONFORK",
	unix.MADV_COLD: "MADV_COLD", unix.MADV_PAGEOUT: "MADV_PAGEOUT",
	unix.MADV_POPULATE_READ: "MADV_POPULATE_READ", unix.MADV_POPULATE_WRITE: "MADV_POPULATE_WRITE",
	unix.MADV_DONTNEED_LOCKED: "MADV_DONTNEED_LOCKED", unix.MADV_COLLAPSE: "MADV_COLLAPSE",
	unix.MADV_HWPOISON: "MADV_HWPOISON", 101: "MADV_SOFT_OFFLINE", 102: "MADV_GUARD_INSTALL", 103: "MADV_GUARD_REMOVE",
}

// adviceName is the advice in words. One that is newer than the list is given
// by its number.
func adviceName(advice uint64) string {
	if advice < uint64(len(adviceNames)) && adviceNames[advice] != "" {
		return adviceNames[advice]
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
