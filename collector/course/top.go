package course

// topSteps is how finely the way up to the peak is remembered: in so many parts of
// Jitter.
const topSteps = 64

// top remembers the readings that were higher than all before, as far as they are
// within Jitter of the highest: some 64 of them.
type top struct{ up []point }

func (t *top) read(p point) {
	n := len(t.up)
	if n > 0 && p.res <= t.up[n-1].res+Jitter(t.up[n-1].res)/topSteps {
		return
	}
	t.up = append(t.up, p)
	t.drop(p.res)
}

// drop forgets what is too far below the peak.
func (t *top) drop(peak int64) {
	i := 0
	for i < len(t.up)-1 && t.up[i].res < peak-Jitter(peak) {
		i++
	}
	t.up = t.up[i:]
}

// reached is the first reading within Jitter of the peak, to a 64th of it.
func (t *top) reached(peak int64) point {
	t.drop(peak)
	return t.up[0]
}
