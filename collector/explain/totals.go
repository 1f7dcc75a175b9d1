package explain

// Totals are what the target's frames have summed up to so far, for those who
// divide a trace in time: at its end they are those of the verdict.
type Totals struct {
	// Asked, LeftRES and Attributed are those of Releases, before what the last
	// sample shows to be back.
	Asked      uint64
	LeftRES    int64
	Attributed int64
	// Collapsed is by how much RES grew as khugepaged made huge pages, in bytes.
	Collapsed uint64
	GCs       uint64
}

// Totals are cheap: they may be asked for after every frame.
func (a *Accumulator) Totals() Totals {
	return Totals{
		Asked: a.releases.Asked, LeftRES: a.releases.LeftRES, Attributed: a.releases.Attributed,
		Collapsed: a.grown.Bytes, GCs: a.countGCs(),
	}
}

// Target is the process that the frames are about, 0 before any has told.
func (a *Accumulator) Target() int { return a.pid }

// countGCs counts by the marks, or by the samples where these have seen more.
func (a *Accumulator) countGCs() uint64 {
	if !a.gcs.seen {
		return a.marked
	}
	return max(a.marked, uint64(a.gcs.last-min(a.gcs.first, a.gcs.last)))
}
