//go:build ignore

// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * whyres: the kernel side. It watches the calls that change an address space,
 * for the processes in `targets` only, and writes one record for each call
 * when it returns. Reading order: the maps, the exact RSS, the attribution,
 * enter() and leave(), and last the programs that call them.
 *
 * Everything here must load on 5.10: no atomic fetch, no task storage, no
 * bpf_loop. Newer helpers are only in programs that the loader drops there.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define MAX_CPUS 1024	   /* possible CPUs whose counters are summed */
#define MAX_SIBLINGS 256   /* threads whose RSS caches are summed, up to 6.1 */
#define MAX_STACK 48	   /* frames kept of a user stack */
#define MAX_TARGETS 4096   /* processes followed at once */
#define MAX_THREADS 16384  /* threads of the targets that made a call */
#define MAX_COLLAPSING 256 /* threads that make huge pages at once */
#define NAME_LEN 80	   /* ANON_VMA_NAME_MAX_LEN, mm/madvise.c */
#define TASK_COMM_LEN 16
#define MAX_COUNTER 40	  /* a struct percpu_counter without debugging */
#define FILTER_SIZE 65536 /* power of two */

/* Order of mm->rss_stat, the same from 5.10 to 7.3. */
enum rss_member { FILE_PAGES, ANON_PAGES, SWAP_ENTRIES, SHMEM_PAGES, RSS_MEMBERS };

enum call {
	CALL_NONE,
	CALL_MMAP,
	CALL_MUNMAP,
	CALL_MADVISE,
	CALL_MREMAP,
	CALL_BRK,
	CALL_PROCESS_MADVISE,
	CALL_PRCTL,
};

enum record_kind {
	RECORD_CALL = 1,
	RECORD_FORK,
	RECORD_EXEC,
	RECORD_EXIT,
	RECORD_COLLAPSE,
};

enum record_flag {
	FLAG_NO_ENTRY = 1,    /* seen returning, not entering */
	FLAG_RSS_UNKNOWN = 2, /* the exact counters could not be read */
	FLAG_ATTR_UNSURE = 4, /* the attribution may be off, see credit() */
	FLAG_GO = 8,	      /* go[] was read */
	FLAG_STACK_CUT = 16,  /* the stack was deeper than MAX_STACK */
	FLAG_NO_RETURN = 32,  /* seen entering, not returning */
	FLAG_MISSING = 64,    /* of a collapse: args[0] is known */
	FLAG_SAME_MM = 128,   /* of a fork: the child runs in its parent's memory */
	FLAG_ASKED = 256,     /* of a collapse: by a process (MADV_COLLAPSE), not khugepaged */
};

enum loss {
	LOST_RING_FULL,
	LOST_TABLE_FULL,
	LOSSES,
};

/*
 * One record of the ring: the fixed part, then `tail` bytes of the union. RSS
 * is in pages, times are CLOCK_MONOTONIC nanoseconds.
 */
struct record {
	__u64 entered;
	__u64 left;
	__u32 kind;
	__u32 flags;
	__u32 pid;
	__u32 tid;
	__u32 call;
	__u32 tail; /* bytes used of stack or name */
	__u64 args[6];
	__s64 ret;
	__s64 before[RSS_MEMBERS];
	__s64 after[RSS_MEMBERS];
	__s64 attributed[RSS_MEMBERS];
	__s64 freed; /* pages that the allocator got, see page_freed() */
	__u64 go[3]; /* heapInUse, heapReleased, heapFree */
	union {
		__u64 stack[MAX_STACK];
		char name[NAME_LEN];
	};
};

/* RSS as it is now, and of what it is the sum: what attribution starts from. */
struct sight {
	__s64 total[RSS_MEMBERS];
	__s64 shared[RSS_MEMBERS];
	__s32 mine[RSS_MEMBERS]; /* this CPU's part */
};

/* What the program remembers of a thread between entry and exit of a call. */
struct thread {
	__u32 active;
	__u32 counted;		   /* in its target's inflight */
	__u32 entered_by;	   /* the copy that saw the entry: enum copy */
	__u32 left_by;		   /* the copy that saw the return, until the other has too */
	__s64 cached[RSS_MEMBERS]; /* up to 6.1: the task's own RSS cache at entry */
	__u64 mm;		   /* struct mm_struct * */
	struct sight sight;	   /* here, since the stack is small */
	struct record rec;
};

/* A traced process, and what attribution needs to know of its mm. */
struct target {
	__u32 inflight;		  /* calls under way */
	__u32 epoch;		  /* grows each time inflight leaves zero */
	__s64 count[RSS_MEMBERS]; /* the shared part of each counter, last seen */
};

/* Where the target's Go runtime keeps its counters; zero: unknown. */
struct runtime {
	__u64 addr[3];
};

/* The CPU's part of each counter of a target's mm, last seen. */
struct local {
	__u32 epoch; /* of the target when it was seen: older is stale */
	__s32 pages[RSS_MEMBERS];
	__u32 pad;
};

/* Set by the loader before the programs are loaded. */
const volatile __u32 possible_cpus = 1;
const volatile __u32 wake_bytes = 65536;
const volatile __u32 want_stack = 1;
const volatile __u32 want_rss = 1;
const volatile __u32 follow_children = 1;
/* The system call numbers of this architecture, as enum call. */
const volatile __u8 call_of[512];

/*
 * A first filter that costs two loads: one byte for each tgid modulo its size,
 * set when a process with such a tgid becomes a target, never cleared. Each
 * side has its own, so that neither loses what the other writes.
 */
__u8 filter[FILTER_SIZE];	   /* written by user space */
__u8 filter_children[FILTER_SIZE]; /* written by on_fork() */

/* The address of each CPU's copy of cpu_probe's value, see learn_cpus(). */
__u64 cpu_base[MAX_CPUS];
__u64 cpu_percpu_ptr;

/* For each CPU, what to add to a per-CPU pointer; written by the loader. */
__u64 cpu_offset[MAX_CPUS];

/* Records on their way to user space. The loader sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

/* Traced processes, by tgid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct target);
} targets SEC(".maps");

/* The Go runtime of each target, by tgid; written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct runtime);
} runtimes SEC(".maps");

/* Each CPU's part of the targets' counters, by tgid; 6.2 and newer. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct local);
} locals SEC(".maps");

/* Calls in flight, by tid; an entry lives as long as its thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, struct thread);
} threads SEC(".maps");

/* Records that were dropped, by enum loss. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/* Pages that were missing where a huge page is being made, by tid: see collapsing(). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_COLLAPSING);
	__type(key, __u32);
	__type(value, __u32);
} missing SEC(".maps");

/* Only its per-CPU address matters: learn_cpus(). */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cpu_probe SEC(".maps");

/* bpf2go makes Go types of what is named here. */
const struct record *unused_record __attribute__((unused));
const struct target *unused_target __attribute__((unused));
const struct runtime *unused_runtime __attribute__((unused));

/*
 * Why programs come in two copies. The kernel does not run a program on a CPU
 * where it is running already, under another thread that was preempted in it:
 * the call would be missed. Functions' programs can be preempted, and from 7.1
 * on tracepoints' too (below, one copy is loaded). The second copy is then free:
 * whichever of the two comes first does the work, the other finds it done. If
 * neither runs, the call is reported by its other end, as far as it is known.
 *
 * Rejected: bpf_preempt_disable(). Enabling preemption again at the end, still
 * within the program, is where the thread is preempted then.
 */
enum copy { FIRST = 1, SECOND };

/* The values that new entries start from: the stack is small. */
static const struct thread fresh_thread;
static const struct target fresh_target;
static const struct local fresh_local;

static __always_inline void lose(__u32 why)
{
	__u64 *n = bpf_map_lookup_elem(&losses, &why);

	if (n)
		*n += 1;
}

/*
 * Hands a record to the ring. Waking the reader costs more than writing, so it
 * is woken once wake_bytes wait; it also looks by itself every few ms.
 */
static __always_inline void submit(struct record *rec, __u32 tail)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (tail > sizeof(rec->stack))
		tail = sizeof(rec->stack);
	rec->tail = tail;
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= wake_bytes)
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&events, rec, offsetof(struct record, stack) + tail, flags))
		lose(LOST_RING_FULL);
}

/* --- exact RSS ---------------------------------------------------------- */

/* From 6.2 each counter is a percpu_counter, commit f1a7941243c1. */
static __always_inline bool counters_are_percpu(void)
{
	return bpf_core_type_exists(struct percpu_counter) &&
	       bpf_core_field_exists(struct percpu_counter, counters) &&
	       !bpf_core_type_exists(struct mm_rss_stat);
}

static __always_inline __s64 counter_shared(struct mm_struct *mm, __u32 member)
{
	struct mm_struct___percpu *pm = (void *)mm;
	struct percpu_counter *pc = __builtin_preserve_access_index(&pm->rss_stat[0]);

	pc = (void *)pc + member * bpf_core_type_size(struct percpu_counter);
	return BPF_CORE_READ(pc, count);
}

static __always_inline __u64 counter_locals(struct mm_struct *mm, __u32 member)
{
	struct mm_struct___percpu *pm = (void *)mm;
	struct percpu_counter *pc = __builtin_preserve_access_index(&pm->rss_stat[0]);

	pc = (void *)pc + member * bpf_core_type_size(struct percpu_counter);
	return (__u64)BPF_CORE_READ(pc, counters);
}

static __always_inline __s32 counter_local(__u64 locals, __u32 cpu)
{
	__s32 pages = 0;

	if (cpu < MAX_CPUS)
		bpf_probe_read_kernel(&pages, sizeof(pages), (void *)(locals + cpu_offset[cpu]));
	return pages;
}

/*
 * All four counters of an mm: the shared part of each, and where the CPUs keep
 * theirs. One read instead of eight, unless debugging makes them too big.
 */
static __always_inline void counters(struct mm_struct *mm, __s64 *shared, __u64 *at)
{
	struct mm_struct___percpu *pm = (void *)mm;
	__u32 size = bpf_core_type_size(struct percpu_counter);
	__u32 count = bpf_core_field_offset(struct percpu_counter, count);
	__u32 locals = bpf_core_field_offset(struct percpu_counter, counters);
	char block[RSS_MEMBERS * MAX_COUNTER] = {};

	if (size > MAX_COUNTER) {
		for (int i = 0; i < RSS_MEMBERS; i++) {
			shared[i] = counter_shared(mm, i);
			at[i] = counter_locals(mm, i);
		}
		return;
	}
	bpf_probe_read_kernel(block, RSS_MEMBERS * size,
			      __builtin_preserve_access_index(&pm->rss_stat[0]));
	for (int i = 0; i < RSS_MEMBERS; i++) {
		shared[i] = *(__s64 *)&block[i * size + count];
		at[i] = *(__u64 *)&block[i * size + locals];
	}
}

/*
 * The four counters of an mm lie side by side in one per-CPU allocation from
 * 6.6 (percpu_counter_init_many): then one read serves all of them.
 */
static __always_inline int exact_percpu(struct mm_struct *mm, struct sight *s)
{
	__u64 at[RSS_MEMBERS];
	__u32 this = bpf_get_smp_processor_id();
	bool together;

	counters(mm, s->shared, at);
	if (!at[0])
		return -1;
	together = at[1] == at[0] + 4 && at[2] == at[0] + 8 && at[3] == at[0] + 12;
	for (int i = 0; i < RSS_MEMBERS; i++)
		s->total[i] = s->shared[i];
	for (__u32 cpu = 0; cpu < possible_cpus && cpu < MAX_CPUS; cpu++) {
		__s32 pages[RSS_MEMBERS] = {};

		if (!cpu_offset[cpu])
			continue;
		if (together) {
			bpf_probe_read_kernel(pages, sizeof(pages),
					      (void *)(at[0] + cpu_offset[cpu]));
		} else {
			for (int i = 0; i < RSS_MEMBERS; i++)
				bpf_probe_read_kernel(&pages[i], sizeof(pages[i]),
						      (void *)(at[i] + cpu_offset[cpu]));
		}
		for (int i = 0; i < RSS_MEMBERS; i++) {
			s->total[i] += pages[i];
			if (cpu == this)
				s->mine[i] = pages[i];
		}
	}
	return 0;
}

/* Up to 6.1: what a task has not yet added to its mm (SPLIT_RSS_COUNTING). */
static __always_inline void add_cached(struct task_struct *task, __s64 *out)
{
	struct task_struct___cached *t = (void *)task;
	int pages[RSS_MEMBERS] = {};

	if (!bpf_core_field_exists(t->rss_stat))
		return;
	bpf_probe_read_kernel(pages, sizeof(pages),
			      __builtin_preserve_access_index(&t->rss_stat.count));
	for (int i = 0; i < RSS_MEMBERS; i++)
		out[i] += pages[i];
}

/* Up to 6.1: the mm's counters and the cache of each thread of the process. */
static __always_inline int exact_split(struct task_struct *task, struct mm_struct *mm,
				       struct sight *s)
{
	struct mm_struct___split *sm = (void *)mm;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__u64 head = (__u64)__builtin_preserve_access_index(&signal->thread_head);
	__u64 node = (__u64)BPF_CORE_READ(signal, thread_head.next);
	__u32 node_offset = bpf_core_field_offset(struct task_struct, thread_node);

	bpf_probe_read_kernel(s->shared, sizeof(s->shared),
			      __builtin_preserve_access_index(&sm->rss_stat.count));
	for (int i = 0; i < RSS_MEMBERS; i++)
		s->total[i] = s->shared[i];
	for (int i = 0; i < MAX_SIBLINGS; i++) {
		struct list_head *list = (void *)node;

		if (!node || node == head)
			return 0;
		add_cached((void *)(node - node_offset), s->total);
		node = (__u64)BPF_CORE_READ(list, next);
	}
	return node == head ? 0 : -1;
}

/* Sees the RSS of the mm by kind, in pages; not zero if it is unreadable. */
static __noinline int exact_rss(struct task_struct *task, struct mm_struct *mm, struct sight *s)
{
	if (!mm)
		return -1;
	if (counters_are_percpu())
		return exact_percpu(mm, s);
	return exact_split(task, mm, s);
}

/* --- attribution -------------------------------------------------------- */

/*
 * Called at kmem:rss_stat, after `member` changed: what did the current thread
 * just add? The tracepoint does not say. From 6.2 the addition went to this
 * CPU's part, or, once that passed the batch, the part was folded into the
 * shared count and is zero. Both are compared with what they were when last
 * seen. All threads of the process keep them up to date while a call is in
 * flight. What stays unsure, and is said where it shows: a CPU that was not seen
 * yet in this epoch, and two CPUs that fold within the same few ns.
 *
 * Rejected: crediting the change of the exact total since the last event. With
 * another thread faulting, each of its pages between our addition and our
 * reading went to the wrong call (3 of 20 wrong).
 */
static __always_inline __s64 credit_percpu(struct target *target, __u32 tgid, struct mm_struct *mm,
					   __u32 member, __u32 *flags)
{
	struct local *local = bpf_map_lookup_elem(&locals, &tgid);
	__u32 cpu = bpf_get_smp_processor_id();
	__s64 change = 0;
	__s32 now;

	if (!local)
		return 0;
	now = counter_local(counter_locals(mm, member), cpu);
	if (local->epoch != target->epoch) {
		local->epoch = target->epoch;
		for (__u32 i = 0; i < RSS_MEMBERS; i++)
			local->pages[i] = counter_local(counter_locals(mm, i), cpu);
		*flags |= FLAG_ATTR_UNSURE;
	} else {
		change = now - local->pages[member];
		local->pages[member] = now;
	}
	if (now == 0) {
		__s64 shared = counter_shared(mm, member);

		change += shared - target->count[member];
		target->count[member] = shared;
		*flags |= FLAG_ATTR_UNSURE;
	}
	return change;
}

/* Up to 6.1 the tracepoint carries the counter's new value. */
static __always_inline __s64 credit_split(struct target *target, __u32 member, __s64 count)
{
	__s64 change = count - target->count[member];

	target->count[member] = count;
	return change;
}

/* Makes what credit_*() compare with current, at the entry of a call. */
static __always_inline void look_before(struct target *target, __u32 tgid, struct sight *s)
{
	bool first = target->inflight == 0;
	struct local *local;

	__sync_fetch_and_add(&target->inflight, 1);
	if (first) {
		target->epoch += 1;
		for (int i = 0; i < RSS_MEMBERS; i++)
			target->count[i] = s->shared[i];
	}
	if (!counters_are_percpu())
		return;
	local = bpf_map_lookup_elem(&locals, &tgid);
	if (!local || local->epoch == target->epoch)
		return;
	local->epoch = target->epoch;
	for (int i = 0; i < RSS_MEMBERS; i++)
		local->pages[i] = s->mine[i];
}

/* --- entry and exit of a call ------------------------------------------- */

static __always_inline bool maybe_target(__u32 tgid)
{
	return filter[tgid & (FILTER_SIZE - 1)] | filter_children[tgid & (FILTER_SIZE - 1)];
}

static __always_inline struct thread *thread_of(__u32 tid)
{
	struct thread *th = bpf_map_lookup_elem(&threads, &tid);

	if (th)
		return th;
	bpf_map_update_elem(&threads, &tid, &fresh_thread, BPF_NOEXIST);
	return bpf_map_lookup_elem(&threads, &tid);
}

/*
 * The registers' order is the kernel's ABI, so all six come with one read. At
 * exit arm64 has the result where the first argument was: `regs` keeps a copy.
 */
static __always_inline void read_args(struct pt_regs *regs, __u64 *args)
{
#if defined(__TARGET_ARCH_x86)
	__u64 r[8] = {}; /* r10 r9 r8 ax cx dx si di */

	bpf_probe_read_kernel(r, sizeof(r), &regs->r10);
	args[0] = r[7];
	args[1] = r[6];
	args[2] = r[5];
	args[3] = r[0];
	args[4] = r[2];
	args[5] = r[1];
#elif defined(__TARGET_ARCH_arm64)
	bpf_probe_read_kernel(args, 6 * sizeof(*args), &regs->regs[0]);
	args[0] = BPF_CORE_READ(regs, orig_x0);
#endif
}

/* prctl does a thousand things; only the naming of mappings is ours. */
static __always_inline bool wanted(__u32 call, __u64 *args)
{
	return call != CALL_PRCTL || (args[0] == PR_SET_VMA && args[1] == PR_SET_VMA_ANON_NAME);
}

/*
 * The thread is in another call already, or at its end: the return of this one
 * was not seen. What is known of it is reported.
 */
static __always_inline void abandon(struct thread *th, struct target *target)
{
	struct record *rec = &th->rec;

	if (th->counted)
		__sync_fetch_and_add(&target->inflight, -1);
	th->counted = 0;
	th->active = 0;
	rec->flags |= FLAG_NO_RETURN | FLAG_RSS_UNKNOWN;
	rec->left = bpf_ktime_get_ns();
	rec->ret = 0;
	submit(rec, 0);
}

static __always_inline void begin(struct thread *th, __u64 id, __u32 call)
{
	struct record *rec = &th->rec;

	rec->kind = RECORD_CALL;
	rec->flags = 0;
	rec->pid = id >> 32;
	rec->tid = (__u32)id;
	rec->call = call;
	for (int i = 0; i < RSS_MEMBERS; i++) {
		rec->before[i] = 0;
		rec->after[i] = 0;
		rec->attributed[i] = 0;
		th->cached[i] = 0;
	}
	rec->freed = 0;
}

static __always_inline void look(struct target *target, struct thread *th)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct sight *s = &th->sight;

	th->mm = (__u64)BPF_CORE_READ(task, mm);
	if (!counters_are_percpu())
		add_cached(task, th->cached);
	if (exact_rss(task, (void *)th->mm, s)) {
		th->rec.flags |= FLAG_RSS_UNKNOWN;
		return;
	}
	for (int i = 0; i < RSS_MEMBERS; i++)
		th->rec.before[i] = s->total[i];
	look_before(target, th->rec.pid, s);
	th->counted = 1;
}

static __noinline int entered(struct pt_regs *regs, __u64 id, __u32 call, __u32 copy)
{
	__u32 tgid = id >> 32;
	struct target *target = bpf_map_lookup_elem(&targets, &tgid);
	struct thread *th;

	/* A 32-bit system call has other numbers: this is not what it seems. */
	if (!target || IS_32BIT((struct task_struct *)bpf_get_current_task()))
		return 0;
	th = thread_of((__u32)id);
	if (!th) {
		lose(LOST_TABLE_FULL);
		return 0;
	}
	if (th->active && th->entered_by != copy)
		return 0; /* the other copy was here */
	if (th->active)
		abandon(th, target);
	th->left_by = 0;
	read_args(regs, th->rec.args);
	if (!wanted(call, th->rec.args))
		return 0;
	begin(th, id, call);
	th->rec.entered = bpf_ktime_get_ns();
	if (want_rss)
		look(target, th);
	th->entered_by = copy;
	th->active = 1;
	return 0;
}

static __always_inline int enter(struct pt_regs *regs, __u32 call, __u32 copy)
{
	__u64 id = bpf_get_current_pid_tgid();

	return maybe_target(id >> 32) ? entered(regs, id, call, copy) : 0;
}

static __always_inline void read_go(struct record *rec)
{
	struct runtime *rt = bpf_map_lookup_elem(&runtimes, &rec->pid);

	if (!rt || !rt->addr[0])
		return;
	/* The three lie side by side in every runtime known: one read. */
	if (rt->addr[1] == rt->addr[0] + 8 && rt->addr[2] == rt->addr[0] + 16) {
		if (!bpf_probe_read_user(rec->go, sizeof(rec->go), (void *)rt->addr[0]))
			rec->flags |= FLAG_GO;
		return;
	}
	for (int i = 0; i < 3; i++)
		if (bpf_probe_read_user(&rec->go[i], sizeof(rec->go[i]), (void *)rt->addr[i]))
			return;
	rec->flags |= FLAG_GO;
}

/*
 * The user stack by frame pointers: Go keeps them, through its stack switches
 * too. bpf_get_stack() does the same, but runs into address 0 at the end of each
 * stack, and that exception costs as much as the whole rest.
 */
static __always_inline __u32 unwind(struct pt_regs *regs, struct record *rec)
{
	struct {
		__u64 next;
		__u64 caller;
	} frame;
	__u64 fp = FRAME_POINTER(regs);
	__u32 n;

	rec->stack[0] = PROGRAM_COUNTER(regs);
	for (n = 1; n < MAX_STACK; n++) {
		if (!fp || fp & 7 || bpf_probe_read_user(&frame, sizeof(frame), (void *)fp))
			return n * sizeof(rec->stack[0]);
		if (!frame.caller)
			return n * sizeof(rec->stack[0]);
		rec->stack[n] = frame.caller;
		fp = frame.next;
	}
	if (fp)
		rec->flags |= FLAG_STACK_CUT;
	return n * sizeof(rec->stack[0]);
}

static __always_inline __u32 read_tail(struct pt_regs *regs, struct record *rec)
{
	long n;

	if (rec->call == CALL_PRCTL) {
		n = bpf_probe_read_user_str(rec->name, sizeof(rec->name), (void *)rec->args[4]);
		return n > 0 ? n : 0;
	}
	return want_stack ? unwind(regs, rec) : 0;
}

static __always_inline void settle(struct target *target, struct thread *th)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct record *rec = &th->rec;
	__s64 cached[RSS_MEMBERS] = {};

	if (exact_rss(task, (void *)th->mm, &th->sight))
		rec->flags |= FLAG_RSS_UNKNOWN;
	for (int i = 0; i < RSS_MEMBERS; i++)
		rec->after[i] = th->sight.total[i];
	if (!counters_are_percpu()) {
		add_cached(task, cached);
		for (int i = 0; i < RSS_MEMBERS; i++)
			rec->attributed[i] += cached[i] - th->cached[i];
	}
	if (th->counted)
		__sync_fetch_and_add(&target->inflight, -1);
	th->counted = 0;
}

static __always_inline void leave(struct pt_regs *regs, struct target *target, struct thread *th,
				  __s64 ret)
{
	struct record *rec = &th->rec;

	th->active = 0;
	rec->left = bpf_ktime_get_ns();
	rec->ret = ret;
	if (want_rss)
		settle(target, th);
	else
		rec->flags |= FLAG_RSS_UNKNOWN;
	read_go(rec);
	submit(rec, read_tail(regs, rec));
}

/* A call that returns without having been seen entering. */
static __always_inline void leave_unseen(struct pt_regs *regs, struct target *target,
					 struct thread *th, __u64 id, __u32 call, __s64 ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (IS_32BIT(task))
		return;
	read_args(regs, th->rec.args);
	if (!wanted(call, th->rec.args))
		return;
	begin(th, id, call);
	th->rec.flags |= FLAG_NO_ENTRY;
	th->rec.entered = bpf_ktime_get_ns();
	th->mm = (__u64)BPF_CORE_READ(task, mm);
	leave(regs, target, th, ret);
}

static __noinline int left(struct pt_regs *regs, __u64 id, __u32 call, __s64 ret, __u32 copy)
{
	__u32 tgid = id >> 32;
	struct target *target = bpf_map_lookup_elem(&targets, &tgid);
	struct thread *th;

	if (!target)
		return 0;
	th = thread_of((__u32)id);
	if (!th) {
		lose(LOST_TABLE_FULL);
		return 0;
	}
	if (!th->active && th->left_by && th->left_by != copy) {
		th->left_by = 0; /* the other copy was here */
		return 0;
	}
	if (th->active && th->rec.call == call)
		leave(regs, target, th, ret);
	else
		leave_unseen(regs, target, th, id, call, ret);
	th->left_by = copy;
	return 0;
}

static __always_inline int leave_call(struct pt_regs *regs, __u32 call, __s64 ret, __u32 copy)
{
	__u64 id = bpf_get_current_pid_tgid();

	return maybe_target(id >> 32) ? left(regs, id, call, ret, copy) : 0;
}

/* --- system calls, way one: all of them, sorted out here ------------------ */

static __always_inline __u32 call_number(__u64 nr)
{
	return nr < sizeof(call_of) ? call_of[nr] : CALL_NONE;
}

/* Entry and exit of every system call of the host: out at once if not ours. */
#define RAW_PROGRAMS(suffix, copy)                                                                 \
	SEC("raw_tp/sys_enter")                                                                    \
	int raw_enter##suffix(struct bpf_raw_tracepoint_args *ctx)                                 \
	{                                                                                          \
		__u32 call = call_number(ctx->args[1]);                                            \
		return call ? enter((void *)ctx->args[0], call, copy) : 0;                         \
	}                                                                                          \
	SEC("raw_tp/sys_exit")                                                                     \
	int raw_leave##suffix(struct bpf_raw_tracepoint_args *ctx)                                 \
	{                                                                                          \
		struct pt_regs *regs = (void *)ctx->args[0];                                       \
		__u32 call;                                                                        \
		if (!maybe_target(bpf_get_current_pid_tgid() >> 32))                               \
			return 0;                                                                  \
		call = call_number(SYSCALL_NUMBER(regs));                                          \
		return call ? leave_call(regs, call, ctx->args[1], copy) : 0;                      \
	}

RAW_PROGRAMS(, FIRST)
RAW_PROGRAMS(_again, SECOND)

/* --- system calls, way two: only ours, where functions can be attached to - */

/* The loader puts the architecture's prefix before the name (__x64_sys_mmap). */
#define CALL_PROGRAMS(name, suffix, call, copy)                                                    \
	SEC("fentry/sys_" #name)                                                                   \
	int enter_##name##suffix(__u64 *ctx)                                                       \
	{                                                                                          \
		return enter((void *)ctx[0], call, copy);                                          \
	}                                                                                          \
	SEC("fexit/sys_" #name)                                                                    \
	int leave_##name##suffix(__u64 *ctx)                                                       \
	{                                                                                          \
		return leave_call((void *)ctx[0], call, ctx[1], copy);                             \
	}
#define BOTH_COPIES(name, call)                                                                    \
	CALL_PROGRAMS(name, , call, FIRST)                                                         \
	CALL_PROGRAMS(name, _again, call, SECOND)

BOTH_COPIES(mmap, CALL_MMAP)
BOTH_COPIES(munmap, CALL_MUNMAP)
BOTH_COPIES(madvise, CALL_MADVISE)
BOTH_COPIES(mremap, CALL_MREMAP)
BOTH_COPIES(brk, CALL_BRK)
BOTH_COPIES(process_madvise, CALL_PROCESS_MADVISE)
BOTH_COPIES(prctl, CALL_PRCTL)

/* --- the other programs --------------------------------------------------- */

static __always_inline void counted(__u64 id, struct mm_struct *mm, __u64 member, __s64 count)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tgid = id >> 32, tid = (__u32)id, flags = 0;
	struct target *target = bpf_map_lookup_elem(&targets, &tgid);
	struct thread *th;
	__s64 change;

	if (!target || !target->inflight || member >= RSS_MEMBERS)
		return;
	if (BPF_CORE_READ(task, mm) != mm)
		return;
	/* 6.1's verifier has forgotten the check above by now. */
	asm volatile("%[m] &= 3" : [m] "+r"(member));
	if (counters_are_percpu())
		change = credit_percpu(target, tgid, mm, member, &flags);
	else
		change = credit_split(target, member, count);
	th = bpf_map_lookup_elem(&threads, &tid);
	if (!th || !th->active)
		return;
	th->rec.attributed[member] += change;
	th->rec.flags |= flags;
}

/*
 * Every change of an RSS counter: args are (mm, member, count) up to 6.1 and
 * (mm, member) after. Only calls in flight need it.
 */
static __always_inline int rss_changed(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__s64 count = 0;

	if (!maybe_target(id >> 32))
		return 0;
	/* Not even a look at an argument that the tracepoint has not. */
	if (!counters_are_percpu())
		count = ctx->args[2];
	counted(id, (void *)ctx->args[0], ctx->args[1], count);
	return 0;
}

SEC("raw_tp/rss_stat")
int rss_stat(struct bpf_raw_tracepoint_args *ctx)
{
	return rss_changed(ctx);
}

/* The second copy: what the first has credited is no change any more. */
SEC("raw_tp/rss_stat")
int rss_stat_again(struct bpf_raw_tracepoint_args *ctx)
{
	return rss_changed(ctx);
}

/*
 * (page, order): a page, or a huge one, goes to the allocator. Only loaded where
 * that was asked for: every page that the host frees pays for it.
 *
 * What counts is anonymous memory: the lowest bit of page->mapping tells, and
 * stays set until here; a kernel without that field gets no such program. All else that is freed
 * while a call runs is not what the call released: page tables, and what interrupts free in its
 * thread's name.
 *
 * There is no second copy for kernels whose tracepoints can be preempted: it
 * would count twice. A page that is missed there counts as skipped.
 */
SEC("raw_tp/mm_page_free")
int page_freed(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct page *page = (void *)ctx->args[0];
	__u32 tid = (__u32)id;
	struct thread *th;

	if (!maybe_target(id >> 32))
		return 0;
	th = bpf_map_lookup_elem(&threads, &tid);
	if (!th || !th->active)
		return 0;
	if (bpf_core_field_exists(page->mapping) &&
	    (__u64)BPF_CORE_READ(page, mapping) & PAGE_MAPPING_ANON)
		th->rec.freed += 1ULL << (ctx->args[1] & 31);
	return 0;
}

static __always_inline void mark(__u32 kind, __u32 flags, __u32 pid, __u32 tid, __u64 arg,
				 struct mm_struct *mm, struct task_struct *task)
{
	__u32 bytes = offsetof(struct record, stack);
	struct sight s = {};
	struct record *rec = bpf_ringbuf_reserve(&events, offsetof(struct record, stack), 0);

	if (!rec) {
		lose(LOST_RING_FULL);
		return;
	}
	__builtin_memset(rec, 0, bytes);
	rec->kind = kind;
	rec->flags = flags;
	rec->pid = pid;
	rec->tid = tid;
	rec->entered = rec->left = bpf_ktime_get_ns();
	rec->args[0] = arg;
	if (kind == RECORD_EXEC)
		bpf_get_current_comm(&rec->args[1], TASK_COMM_LEN);
	if (mm && exact_rss(task, mm, &s))
		rec->flags |= FLAG_RSS_UNKNOWN;
	for (int i = 0; i < RSS_MEMBERS; i++)
		rec->after[i] = s.total[i];
	bpf_ringbuf_submit(rec, BPF_RB_FORCE_WAKEUP);
}

/* A new process of a target becomes a target; (parent, child). */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];
	__u32 ptgid = BPF_CORE_READ(parent, tgid), ctgid = BPF_CORE_READ(child, tgid);
	struct mm_struct *mm = BPF_CORE_READ(parent, mm);
	struct runtime *rt;
	__u32 flags = 0;

	if (!follow_children || ptgid == ctgid || !maybe_target(ptgid))
		return 0;
	if (!bpf_map_lookup_elem(&targets, &ptgid))
		return 0;
	rt = bpf_map_lookup_elem(&runtimes, &ptgid);
	if (rt)
		bpf_map_update_elem(&runtimes, &ctgid, rt, BPF_ANY);
	if (bpf_map_update_elem(&targets, &ctgid, &fresh_target, BPF_ANY)) {
		lose(LOST_TABLE_FULL);
		return 0;
	}
	bpf_map_update_elem(&locals, &ctgid, &fresh_local, BPF_ANY);
	filter_children[ctgid & (FILTER_SIZE - 1)] = 1;
	if (BPF_CORE_READ(child, mm) == mm)
		flags = FLAG_SAME_MM;
	mark(RECORD_FORK, flags, ptgid, ptgid, ctgid, mm, parent);
	return 0;
}

/* A target has a new program, a new mm and one thread; (task, old tid). */
SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid), old = ctx->args[1];
	struct target fresh = {};
	struct target *target;

	if (!maybe_target(tgid))
		return 0;
	target = bpf_map_lookup_elem(&targets, &tgid);
	if (!target)
		return 0;
	fresh.epoch = target->epoch + 1;
	bpf_map_update_elem(&targets, &tgid, &fresh, BPF_ANY);
	bpf_map_delete_elem(&threads, &old);
	bpf_map_delete_elem(&runtimes, &tgid);
	mark(RECORD_EXEC, 0, tgid, tgid, 0, NULL, NULL);
	return 0;
}

/* A thread ends; with the last of a target, the target. */
SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid), tid = BPF_CORE_READ(task, pid);
	struct target *target;
	struct thread *th;

	if (!maybe_target(tgid))
		return 0;
	target = bpf_map_lookup_elem(&targets, &tgid);
	if (!target)
		return 0;
	th = bpf_map_lookup_elem(&threads, &tid);
	if (th && th->active)
		abandon(th, target);
	bpf_map_delete_elem(&threads, &tid);
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	bpf_map_delete_elem(&targets, &tgid);
	bpf_map_delete_elem(&locals, &tgid);
	bpf_map_delete_elem(&runtimes, &tgid);
	mark(RECORD_EXIT, 0, tgid, tid, BPF_CORE_READ(task, exit_code), NULL, NULL);
	return 0;
}

/*
 * (page, none_or_zero, ...): khugepaged, or MADV_COLLAPSE, has looked at what it
 * makes a huge page of. What was missing there is what RES grows by. Whose memory
 * that is the tracepoint does not tell, and khugepaged has none of its own: each
 * try on the host costs one update of a small map. There are few: khugepaged looks
 * at 4096 pages every ten seconds unless told otherwise, and copies 2 MiB each time.
 */
SEC("raw_tp/mm_collapse_huge_page_isolate")
int collapsing(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), none = ctx->args[1];

	bpf_map_update_elem(&missing, &tid, &none, BPF_ANY);
	return 0;
}

/*
 * khugepaged, or MADV_COLLAPSE, made a huge page: (mm, isolated, status, ...).
 * It works in a task of its own: the owner of the mm tells whose it is.
 */
SEC("raw_tp/mm_collapse_huge_page")
int on_collapse(struct bpf_raw_tracepoint_args *ctx)
{
	struct mm_struct___owned *mm = (void *)ctx->args[0];
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_struct *owner;
	__u32 flags = 0, *none;
	__u32 tgid;

	if ((__s32)ctx->args[2] != SCAN_SUCCEED || !bpf_core_field_exists(mm->owner))
		return 0;
	owner = BPF_CORE_READ(mm, owner);
	tgid = BPF_CORE_READ(owner, tgid);
	if (!owner || !maybe_target(tgid) || !bpf_map_lookup_elem(&targets, &tgid))
		return 0;
	if (BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm))
		flags |= FLAG_ASKED; /* a kernel thread has no memory of its own */
	none = bpf_map_lookup_elem(&missing, &tid);
	if (none)
		flags |= FLAG_MISSING;
	mark(RECORD_COLLAPSE, flags, tgid, tgid, none ? *none : 0, (void *)mm, owner);
	bpf_map_delete_elem(&missing, &tid);
	return 0;
}

/*
 * Run once by the loader, 6.2 and newer: says where each CPU's copy of a per-CPU
 * value is, from which follows what to add to any per-CPU pointer. The kernel's
 * own table, __per_cpu_offset, may be hidden.
 */
SEC("syscall")
int learn_cpus(void *ctx)
{
	__u32 zero = 0;

	/* By way of memory the map's address becomes a number. */
	cpu_percpu_ptr = (__u64)&cpu_probe;
	bpf_probe_read_kernel(&cpu_percpu_ptr, sizeof(cpu_percpu_ptr),
			      (void *)(*(volatile __u64 *)&cpu_percpu_ptr +
				       bpf_core_field_offset(struct bpf_array, pptrs)));
	for (__u32 cpu = 0; cpu < possible_cpus && cpu < MAX_CPUS; cpu++)
		cpu_base[cpu] = (__u64)bpf_map_lookup_percpu_elem(&cpu_probe, &zero, cpu);
	return 0;
}

char __license[] SEC("license") = "Dual MIT/GPL";
