package lab

import "whyres/collector/mem"

// runtimeCPU is what the Go runtime says of its own CPU times since the program
// began, in ns; nil where this version does not tell.
func runtimeCPU(m *mem.MemStats) (gc, scavenge *int64) {
	return m.GCCPU, m.ScavengeCPU
}
