package target

import (
	"whyres/collector/kernel"
	"whyres/collector/mem"
)

// Problem is why the Go runtime is not read, nil where it is; it wraps a
// sentinel of goruntime.
func (v *View) Problem() error { return v.problem }

// Status is a sample of what the kernel's status file says, and nothing else.
// Where it is no error the process that was opened is there, and what was read
// by its number before was of no other. The error wraps collector.ErrGone.
func (v *View) Status() (mem.Sample, error) {
	s, err := v.kernel.Light()
	return s, gone(err)
}

// Cgroup is where the process stands among the control groups.
func (v *View) Cgroup() (kernel.Cgroup, error) {
	c, err := v.kernel.Cgroup()
	return c, gone(err)
}
