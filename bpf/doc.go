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
// What a call took out of RES need not be free: Options.Allocator counts what the
// kernel's page allocator got while the call ran (kmem:mm_page_free fires for each
// page on the way there, on 5.10, 6.1, 6.12, 6.18 and 7.3 alike). Freshly touched pages may
// come up to 31 a CPU late, as they wait in a batch of the CPU that touched them.
//
// The package may import collector/mem, cilium/ebpf, x/sys/unix and the
// standard library. It reads no /proc: what a process is, is its caller's
// business.
package bpf
