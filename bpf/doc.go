// Package bpf is whyres's eye in the kernel: the one eBPF program
// (whyres.bpf.c), its loader, and the decoder that makes mem.Events and
// mem.Marks of its records.
//
// A Tracer loads and attaches the program, follows the processes it is told
// to, and hands over batches of what they did. Two ways of seeing the system
// calls are known. Where the kernel lets programs attach to functions (fentry),
// only the seven calls of interest pay anything, whoever makes them. Elsewhere
// raw tracepoints see every call of the host, and let all others go after one
// table look-up. Neither needs tracefs.
//
// The package may import collector/mem, cilium/ebpf, x/sys/unix and the
// standard library. It reads no /proc: what a process is, is its caller's
// business.
package bpf
