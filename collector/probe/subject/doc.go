// Package subject makes the memory of package probe's cases, makes the calls, and
// measures what they did: in a process of its own, which the other half of this
// package starts and talks to over pipes.
//
// The process is quiet while it measures: one locked thread on one CPU, no
// garbage collection. What is measured are the mappings of the case alone, as
// /proc/self/smaps counts them: the kernel walks their page tables for it, so the
// numbers are exact, and what the Go runtime does meanwhile is not in them. No
// privilege is needed, but for the limit of locked memory (RLIMIT_MEMLOCK) in the
// cases that lock some.
//
// It may import collector/probe, collector/kernel, collector/mem, x/sys/unix and
// the standard library.
package subject
