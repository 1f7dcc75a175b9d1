package lab

import (
	"testing"

	"whyres/collector/mem"
)

// The lab takes the runtime's CPU times as the samples tell them.
func TestRuntimeCPUIsTaken(t *testing.T) {
	a, b := int64(5), int64(7)
	m := mem.MemStats{GCCPU: &a, ScavengeCPU: &b}
	if x, y := runtimeCPU(&m); x == nil || y == nil || *x != a || *y != b {
		t.Errorf("%v and %v, want %d and %d", x, y, a, b)
	}
}
