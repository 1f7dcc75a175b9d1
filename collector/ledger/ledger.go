package ledger

import "whyres/collector/mem"

// The parts of a Go process's ledger, as the JSON contract names them. Those
// with a line of their own below them are parents where a sample tells more.
const (
	HeapLive     = "heap.live"
	HeapGarbage  = "heap.garbage"
	HeapHoles    = "heap.fragmentation"
	HeapIdle     = "heap.idle"
	HeapReleased = "heap.released_resident"
	// HeapReserved was never used, so never released either: mem.GoPages.Reserved.
	HeapReserved = "heap.reserved"
	StacksInUse  = "stacks.inuse"
	StacksDead   = "stacks.dead"
	StacksIdle   = "stacks.idle"
	Metadata     = "runtime.metadata"
	CgoHeap      = "cgo.heap"
	Threads      = "threads"
	OffHeap      = "offheap.mmap"
	FileExe      = "file.exe"
	FileMapped   = "file.mapped"
	Shmem        = "shmem"
	Unexplained  = "unexplained"

	// IdleDense lies in chunks that the scavenger skips until they have been
	// sparse for a GC cycle; IdleGoal is kept as the scavenger's goal is met, or
	// it has none; IdleDue is above the goal. IdleUnsure: the goal is not known.
	IdleDense  = "heap.idle.dense"
	IdleGoal   = "heap.idle.goal"
	IdleDue    = "heap.idle.due"
	IdleUnsure = "heap.idle.unsure"

	// ReleasedLazy was given back by MADV_FREE and not taken yet; Locked cannot
	// be given back; Huge lies in huge pages; Again is the rest.
	ReleasedLazy   = "heap.released_resident.lazyfree"
	ReleasedLocked = "heap.released_resident.locked"
	ReleasedHuge   = "heap.released_resident.huge"
	ReleasedAgain  = "heap.released_resident.again"
)

// Leaves that stand for several of the above where a sample does not tell
// them apart.
const (
	// HeapObjects is objects and holes of spans in use: no walk over spans.
	HeapObjects = "heap.in_use"
	// HeapUnsure is objects of which it is not known whether they are live.
	HeapUnsure = "heap.unsure"
	// HeapUndivided is all of the heap's mappings, stacks among it: what was
	// read of Go's pages cannot be trusted.
	HeapUndivided = "heap.undivided"
	// Anon is all anonymous memory, File all file pages.
	Anon = "anon"
	File = "file"
)

// Part is one line of the ledger.
type Part = mem.Part

// Ledger divides RES. Parts hold each parent before its children.
type Ledger struct {
	// RES in bytes, as the sample counts it.
	RES      int64    `json:"res_bytes"`
	Parts    []Part   `json:"parts"`
	Warnings []string `json:"warnings"`
}

// Build divides the RES of a sample of process p. A full sample of a Go process
// with its pages gives all parts; anything less a coarser ledger, with a
// warning that says what is missing.
func Build(s *mem.Sample, p mem.Process) Ledger {
	b := builder{sample: s, process: p, bytes: map[string]int64{}, what: map[string]string{}}
	switch {
	case !s.Full():
		b.light()
	case s.Pages == nil:
		b.withoutPages()
	case !usable(s.Pages):
		b.undivided()
	default:
		b.full()
	}
	return b.finish()
}

// Leaf is the bytes of a part by its id, 0 where the ledger has no such part.
func (l *Ledger) Leaf(id string) int64 {
	for _, part := range l.Parts {
		if part.ID == id {
			return part.Bytes
		}
	}
	return 0
}

// builder gathers the leaves' bytes.
type builder struct {
	sample   *mem.Sample
	process  mem.Process
	leaves   []string
	bytes    map[string]int64
	what     map[string]string
	warnings []string
}

// put sets a leaf; the order of the first puts is the ledger's.
func (b *builder) put(id string, bytes int64, what string) {
	if _, seen := b.what[id]; !seen {
		b.leaves = append(b.leaves, id)
	}
	b.bytes[id] += bytes
	b.what[id] = what
}

func (b *builder) warn(text string) { b.warnings = append(b.warnings, text) }

// finish makes the tree: unexplained is what the other leaves leave of RES, and
// each parent the sum of its children.
func (b *builder) finish() Ledger {
	res := b.sample.RSS.Total()
	rest := res
	for _, id := range b.leaves {
		rest -= b.bytes[id]
	}
	b.put(Unexplained, rest, whatUnexplained)
	b.warnUnexplained(res)
	b.warnHugetlb()
	out := Ledger{RES: res, Warnings: append([]string{}, b.warnings...)}
	for _, id := range b.order() {
		part := Part{ID: id, Parent: parentOf(id), Bytes: b.bytes[id], What: b.what[id]}
		if part.What == "" {
			part.What = whatParent(id)
		}
		out.Parts = append(out.Parts, part)
	}
	return out
}

// order is all parts, each parent before its children and those together; it
// adds the leaves up to their parents.
func (b *builder) order() []string {
	children := map[string][]string{}
	placed := map[string]bool{}
	for _, leaf := range b.leaves {
		bytes := b.bytes[leaf]
		for id := leaf; id != ""; id = parentOf(id) {
			if id != leaf {
				b.bytes[id] += bytes
			}
			if !placed[id] {
				placed[id] = true
				children[parentOf(id)] = append(children[parentOf(id)], id)
			}
		}
	}
	var out []string
	var walk func(parent string)
	walk = func(parent string) {
		for _, id := range children[parent] {
			out = append(out, id)
			walk(id)
		}
	}
	walk("")
	return out
}

// warnUnexplained speaks up where the parts cannot be trusted to the last.
func (b *builder) warnUnexplained(res int64) {
	rest := b.bytes[Unexplained]
	if rest < 0 {
		rest = -rest
	}
	if rest > max(1<<20, res/20) {
		b.warn(Size(b.bytes[Unexplained]) + " of RES could not be explained: the process changed while it was read, or holds memory that whyres cannot class")
	}
}
