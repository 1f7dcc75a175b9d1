package timeline

import (
	"strings"

	"whyres/collector/mem"
)

// class is what a call comes to for a reader.
type class int

const (
	classRefused class = iota + 1 // it returned an errno
	classRelease                  // memory was given back
	classNothing                  // asked to give back, and nothing left RES
	classLazy                     // MADV_FREE: given back when the kernel likes
	classUnmap
	classMap
	classMapFile
	classMove
	classBrk
	classAdvise
	className
	classUnseen // its return was not seen: nothing is known of what it did
)

// worthAsked is the least release, in bytes asked, that is worth a row.
const worthAsked = 64 * kib

// MAP_FIXED and MAP_ANONYMOUS of Linux on amd64 and arm64.
const (
	mapFixed     = 0x10
	mapAnonymous = 0x20
)

// classify tells what an event comes to.
func classify(e *mem.Event) class {
	switch {
	case e.Noted(mem.NoteNoReturn):
		return classUnseen
	case e.Failed():
		return classRefused
	case e.Advice == "MADV_FREE":
		return classLazy
	case e.Releases():
		if freedNothing(e) {
			return classNothing
		}
		return classRelease
	}
	switch e.Call {
	case mem.Munmap:
		return classUnmap
	case mem.Mmap:
		if e.MapFlags&mapAnonymous == 0 && e.FD >= 0 {
			return classMapFile
		}
		return classMap
	case mem.Mremap:
		return classMove
	case mem.Brk:
		return classBrk
	case mem.PrctlSetVMA:
		return className
	}
	return classAdvise
}

// freedNothing: by both measures RES is what it was before. Memory that was
// never touched frees nothing either, so this is no error in itself.
func freedNothing(e *mem.Event) bool {
	return measured(e) && e.Len >= worthAsked && e.Attributed == 0 && e.Before == e.After
}

// asked is how many bytes the call named. process_madvise names vectors that are
// not seen; it returns how many bytes it worked on.
func asked(e *mem.Event) uint64 {
	if e.Call == mem.ProcessMadvise {
		return uint64(max(e.Ret, 0))
	}
	return e.Len
}

// caller is the function that a person would name: the first on the stack that
// is no wrapper of the call.
func caller(stack []string) string {
	for _, name := range stack {
		if !wrapper(name) {
			return name
		}
	}
	return ""
}

func wrapper(name string) bool {
	for _, prefix := range [...]string{"syscall.", "runtime.", "runtime/", "internal/", "golang.org/x/sys/", "0x"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "" || name == "mmap" || name == "munmap" || name == "madvise" || name == "mremap" || name == "brk"
}
