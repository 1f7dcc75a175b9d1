// Package goruntime reads the Go runtime of another process from outside: which
// Go it is, where the runtime's variables are, what they say (MemStats, GCs,
// the page allocator), and whose call a user stack is. Nothing in the target is
// stopped, written or changed: memory is read with process_vm_readv(2).
//
// It is an edge: it opens files below the proc directory that the caller
// passes and reads memory of the target. It may import collector/mem, the
// standard library, golang.org/x/sys/unix and golang.org/x/arch, and reads no
// clock.
//
// Everything that comes from the target (its ELF file, its maps, its memory)
// is hostile input: lengths and counts are bounded, and debug/elf, debug/gosym
// and debug/buildinfo, which may panic on damaged files, are called behind a
// recover that turns the panic into an error.
//
// Supported: Go 1.12 and newer, linux/amd64 and linux/arm64 (arm64 is built
// and its layouts are known, but it was not tried on a live process), stripped
// or not: without symbols the variables are found in memory (see signature.go).
// Where the fields lie is known from a table for the releases from 1.12 to 1.27
// (internal/layout), and else from DWARF. Three eras keep the numbers apart from
// each other: see era.go. What a version does not have (a memory limit before
// 1.19, a scavenger's goal before 1.13) stays unset.
package goruntime
