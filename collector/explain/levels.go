package explain

// levels follows RES.
type levels struct {
	seen             bool
	start, peak, end int64
	mark             int64 // VmHWM when last seen
	anew             bool  // the address space began within the trace, by an exec
}

// exec: the program has an address space of its own, whose mark begins anew, and
// all of whose life the trace sees. The peak stays: it is the trace's.
func (l *levels) exec() { l.mark, l.anew = 0, true }

func (l *levels) see(res int64) {
	if !l.seen {
		l.seen, l.start = true, res
	}
	l.peak, l.end = max(l.peak, res), res
}

// highWater takes in the kernel's own peak (VmHWM), which misses none between two
// samples. It is of the whole life of the address space: where the trace has not
// seen its start, only what it grew by meanwhile is the trace's.
func (l *levels) highWater(mark int64, fromStart bool) {
	if l.mark == 0 && !fromStart && !l.anew {
		l.mark = mark
	}
	if mark > l.mark {
		l.mark, l.peak = mark, max(l.peak, mark)
	}
}
