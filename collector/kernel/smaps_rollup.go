package kernel

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"whyres/collector/mem"
)

// Rollup reads /proc/PID/smaps_rollup (Linux 4.14+): exact sums over all
// mappings, for which the kernel walks the page tables: some milliseconds a
// GiB that is resident.
func (p *Process) Rollup() (mem.Smaps, error) {
	f, err := p.open("smaps_rollup")
	if err != nil {
		return mem.Smaps{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	s, err := parseRollup(f)
	if err != nil {
		return mem.Smaps{}, problem(p.path("smaps_rollup"), err)
	}
	return s, nil
}

// parseRollup reads the file: one mapping's lines, summed up by the kernel.
// An empty file is that of a process without an address space.
func parseRollup(r io.Reader) (mem.Smaps, error) {
	m, err := parseSmaps(bufio.NewReader(r), 1)
	switch {
	case err != nil:
		return mem.Smaps{}, err
	case len(m.VMAs) == 0:
		return mem.Smaps{}, ErrGone
	case m.Cut > 0:
		return mem.Smaps{}, fmt.Errorf("%d mappings: %w", m.Cut+1, errors.New("want the one of a rollup"))
	}
	return m.Sum, nil
}
