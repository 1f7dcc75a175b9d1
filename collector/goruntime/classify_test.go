package goruntime

import (
	"math"
	"strings"
	"testing"

	"whyres/collector/mem"
)

func TestClassify(t *testing.T) {
	for _, tt := range []struct {
		name, stack string
		limit       LimitState
		want        mem.Who
	}{
		{"nothing", "", LimitFar, mem.WhoUnknown},
		{"only addresses", "0x7f00 0x7f10", LimitFar, mem.WhoUnknown},
		{
			"background scavenger, 1.19+", "runtime.madvise runtime.sysUnusedOS runtime.(*pageAlloc).scavengeOne " +
				"runtime.(*pageAlloc).scavenge.func1 runtime.(*pageAlloc).scavenge runtime.bgscavenge.func2 " +
				"runtime.(*scavengerState).run runtime.bgscavenge runtime.gcenable.gowrap1 runtime.goexit",
			LimitUnknown, mem.WhoBackground,
		},
		{
			"FreeOSMemory", "runtime.madvise runtime.(*pageAlloc).scavenge runtime.(*mheap).scavengeAll " +
				"runtime/debug.freeOSMemory.func1 runtime.systemstack runtime/debug.freeOSMemory runtime/debug.FreeOSMemory main.main",
			LimitReached, mem.WhoForced,
		},
		{
			"a stack that ends at the system stack's bottom", "runtime.madvise runtime.(*mheap).scavengeAll", LimitFar, mem.WhoForced,
		},
		{
			"allocation below the limit", "runtime.madvise runtime.(*pageAlloc).scavenge runtime.(*mheap).allocSpan " +
				"runtime.(*mheap).alloc.func1 runtime.(*mcache).allocLarge runtime.mallocgc main.work",
			LimitFar, mem.WhoGrowth,
		},
		{
			"allocation at the limit", "runtime.madvise runtime.(*pageAlloc).scavenge runtime.(*mheap).allocSpan " +
				"runtime.(*mcentral).grow main.work", LimitReached, mem.WhoLimit,
		},
		{
			"allocation, limit not known", "runtime.madvise runtime.(*pageAlloc).scavenge runtime.(*mheap).allocSpan main.work",
			LimitUnknown, mem.WhoUnknown,
		},
		{
			"a stack's allocation that releases is still the limit's", "runtime.madvise runtime.(*pageAlloc).scavenge " +
				"runtime.(*mheap).allocSpan runtime.(*mheap).allocManual runtime.stackalloc runtime.malg", LimitReached, mem.WhoLimit,
		},
		{"release, cut", "runtime.madvise runtime.(*pageAlloc).scavenge", LimitFar, mem.WhoUnknown},
		{
			"heap growth", "runtime.sysMmap runtime.mmap runtime.sysMapOS runtime.sysMap runtime.(*mheap).grow " +
				"runtime.(*mheap).allocSpan runtime.mallocgc main.main", LimitFar, mem.WhoGrowth,
		},
		{
			"heap growth for a stack", "runtime.mmap runtime.sysMapOS runtime.(*mheap).grow runtime.(*mheap).allocSpan " +
				"runtime.(*mheap).allocManual runtime.stackpoolalloc runtime.stackcacherefill runtime.stackalloc runtime.newstack main.deep",
			LimitFar, mem.WhoStack,
		},
		{
			"metadata", "runtime.sysMmap runtime.mmap runtime.sysAllocOS runtime.sysAlloc runtime.persistentalloc1 runtime.newBucket main.main",
			LimitFar, mem.WhoRuntime,
		},
		{"start-up", "runtime.mmap runtime.mallocinit runtime.schedinit runtime.rt0_go", LimitFar, mem.WhoRuntime},
		{"thread start", "runtime.mmap runtime.minit runtime.mstart", LimitFar, mem.WhoRuntime},
		{"user mmap, leaf in the runtime's trampoline", "internal/runtime/syscall.Syscall6 syscall.RawSyscall6 syscall.Syscall6 syscall.mmap syscall.Mmap main.main", LimitFar, mem.WhoUser},
		{"user madvise through x/sys", "syscall.Syscall golang.org/x/sys/unix.Madvise example.com/db/mmap.(*File).Drop main.main", LimitFar, mem.WhoUser},
		{"runtime through the trampoline", "internal/runtime/syscall.Syscall6 runtime.setVMAName runtime.sysReserve", LimitFar, mem.WhoRuntime},
		{"malloc below cgocall", "libc.so.6!mmap libc.so.6!malloc server!fill runtime.asmcgocall.abi0 runtime.cgocall main._Cfunc_fill main.main", LimitFar, mem.WhoCgo},
		{"C without frame pointers", "libc.so.6+0x11ea27", LimitFar, mem.WhoCgo},
		{"C thread", "libc.so.6!munmap libc.so.6!start_thread", LimitFar, mem.WhoCgo},
		{
			"the runtime's mmap through runtime/cgo", "libc.so.6!mmap server!x_cgo_mmap runtime.callCgoMmap runtime.mmap.func1 " +
				"runtime.systemstack runtime.mmap runtime.sysMapOS runtime.(*mheap).grow main.main", LimitFar, mem.WhoGrowth,
		},
		{
			"the same, assembly's names marked", "libc.so.6!mmap server!x_cgo_mmap runtime.callCgoMmap.abi0 runtime.systemstack.abi0 " +
				"runtime.mmap runtime.sysAllocOS runtime.sysAlloc runtime.persistentalloc1 main.main", LimitFar, mem.WhoRuntime,
		},
		{
			"user mmap, 1.26", "internal/runtime/syscall/linux.Syscall6.abi0 syscall.RawSyscall6 syscall.Syscall6 " +
				"golang.org/x/sys/unix.Mmap main.main", LimitFar, mem.WhoUser,
		},
		{"cgo, assembly's names marked", "0x7f00 runtime.asmcgocall.abi0 runtime.cgocall main._Cfunc_fill main.main", LimitFar, mem.WhoCgo},
		{"the same, cut", "libc.so.6!mmap server!x_cgo_mmap", LimitFar, mem.WhoRuntime},
		{"Go called back from C", "runtime.mmap runtime.(*mheap).grow runtime.mallocgc main.callback runtime.cgocallbackg runtime.asmcgocall runtime.cgocall main.main", LimitFar, mem.WhoGrowth},
		{"1.13 growth", "runtime.madvise runtime.(*mheap).scavengeIfNeededLocked runtime.(*mheap).growAddSpan runtime.(*mheap).grow main.x", LimitFar, mem.WhoGrowth},
		{"a user package called runtime", "syscall.Syscall syscall.Madvise example.com/runtime.bgscavenge", LimitFar, mem.WhoUser},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Classify(strings.Fields(tt.stack), tt.limit); got != tt.want {
				t.Errorf("Classify(%s) = %s, want %s", tt.stack, got, tt.want)
			}
		})
	}
}

func TestLimitStateOf(t *testing.T) {
	const none = uint64(math.MaxUint64)
	for _, tt := range []struct {
		name string
		s    *mem.MemStats
		want LimitState
	}{
		{"not read", nil, LimitUnknown},
		{"expvar has no limit", &mem.MemStats{Source: "expvar"}, LimitUnknown},
		{"no limit", &mem.MemStats{Source: "memory", MemoryLimit: math.MaxInt64}, LimitFar},
		{"at the limit", &mem.MemStats{Source: "memory", MemoryLimit: 100, Sys: 120, HeapReleased: 21}, LimitReached},
		{"far below it", &mem.MemStats{Source: "memory", MemoryLimit: 1000, Sys: 120, ScavengeGCPercentGoal: 50}, LimitFar},
		{"far below it, no growth goal either", &mem.MemStats{Source: "memory", MemoryLimit: 1000, Sys: 120, ScavengeGCPercentGoal: none}, LimitUnknown},
	} {
		if got := LimitStateOf(tt.s); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
