/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The little of the kernel's types that whyres.bpf.c reads, each with only the
 * fields it needs: CO-RE finds their places in the running kernel's BTF. Types
 * that changed have one flavour (the part after ___) for each form.
 *
 * Rejected: a whole vmlinux.h. It is three MB of which thirty lines are used,
 * and it is that of one kernel while this must serve 5.10 to 7.3.
 */
#pragma once

typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_F_USER_STACK = 256 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

/* include/uapi/linux/prctl.h */
enum { PR_SET_VMA = 0x53564d41, PR_SET_VMA_ANON_NAME = 0 };

/* enum scan_result, mm/khugepaged.c */
enum { SCAN_SUCCEED = 1 };

/* include/linux/page-flags.h */
enum { PAGE_MAPPING_ANON = 1 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* The registers at a system call, arch/.../include/asm/ptrace.h. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
#define SYSCALL_NUMBER(regs) BPF_CORE_READ(regs, orig_ax)
#define PROGRAM_COUNTER(regs) BPF_CORE_READ(regs, ip)
#define FRAME_POINTER(regs) BPF_CORE_READ(regs, bp)

/* arch/x86/include/asm/thread_info.h */
struct thread_info {
	__u32 status;
};
#define IS_32BIT(task) (BPF_CORE_READ(task, thread_info.status) & 2) /* TS_COMPAT */
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
	__u64 orig_x0;
	__s32 syscallno;
};
#define SYSCALL_NUMBER(regs) BPF_CORE_READ(regs, syscallno)
#define PROGRAM_COUNTER(regs) BPF_CORE_READ(regs, pc)
#define FRAME_POINTER(regs) BPF_CORE_READ(regs, regs[29])

/* arch/arm64/include/asm/thread_info.h */
struct thread_info {
	unsigned long flags;
};
#define IS_32BIT(task) (BPF_CORE_READ(task, thread_info.flags) & (1UL << 22)) /* TIF_32BIT */
#endif

struct list_head {
	struct list_head *next;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

struct signal_struct {
	atomic_t live;
	struct list_head thread_head;
};

/* lib/percpu_counter.c; in mm_struct from 6.2. */
struct percpu_counter {
	__s64 count;
	__s32 *counters;
};

/* Up to 6.1. */
struct mm_rss_stat {
	atomic_long_t count[4];
};

/* Up to 6.1, with SPLIT_RSS_COUNTING. */
struct task_rss_stat {
	int events;
	int count[4];
};

struct mm_struct {
	void *pgd;
};

struct mm_struct___percpu {
	struct percpu_counter rss_stat[4];
};

struct mm_struct___split {
	struct mm_rss_stat rss_stat;
};

/* CONFIG_MEMCG */
struct mm_struct___owned {
	struct task_struct *owner;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	int exit_code;
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct list_head thread_node;
};

struct page {
	void *mapping;
};

struct task_struct___cached {
	struct task_rss_stat rss_stat;
};

struct bpf_array {
	void *pptrs[0];
};

#pragma clang attribute pop
