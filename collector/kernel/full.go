package kernel

import "whyres/collector/mem"

// Full adds the mappings to a sample of Light, and replaces its RSS by the
// sums over the mappings: one reading, so RES is the sum of the VMAs' RSS
// (those that were cut off included) by construction. RSSSource becomes
// "smaps_rollup", whose numbers these are, taken from the same walk as the VMAs
// rather than from a second one.
//
// Exact are RES, Anon (the anonymous pages of every mapping, private copies
// of file pages included) and Swap, and so is File+Shmem. The division of
// these two is not in smaps: Shmem is what status counts, at least what the
// mappings named as shared memory hold, and at most all that is not
// anonymous.
//
// The kernel lets the process run on between mappings: a mapping that changes
// while it is read is seen before or after.
func (p *Process) Full(s *mem.Sample) error {
	m, err := p.Smaps()
	if err != nil {
		return err
	}
	sum := m.Sum
	s.Smaps, s.VMAs, s.VMAsCut, s.VMAsCutRSS = &sum, m.VMAs, m.Cut, m.CutRSS
	s.RSS = exactRSS(m, s.RSS.Shmem)
	s.RSSSource = SourceSmaps
	if s.At != 0 {
		s.Dur = int64(Now().Sub(s.At))
	}
	return nil
}

// exactRSS divides the mappings' RSS by kind.
func exactRSS(m *Mappings, statusShmem int64) mem.RSS {
	anon := int64(min(m.Sum.Anonymous, m.Sum.Rss))
	rest := int64(m.Sum.Rss) - anon
	shmem := min(rest, max(statusShmem, int64(m.Shmem)))
	return mem.RSS{Anon: anon, File: rest - shmem, Shmem: shmem, Swap: int64(m.Sum.Swap)}
}
