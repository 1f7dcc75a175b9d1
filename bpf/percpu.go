package bpf

import (
	"fmt"

	"github.com/cilium/ebpf"
)

// learnCPUs finds what has to be added to a per-CPU pointer for each CPU, so
// that the program can sum the exact RSS counters. The kernel's own table is
// hidden by kptr_restrict; instead a program says where the copies of a value
// of ours are.
func (t *Tracer) learnCPUs(cpus int) error {
	if cpus > maxCPUs {
		t.missing = append(t.missing, fmt.Sprintf("exact RSS: the host has %d possible CPUs, the program sums %d", cpus, maxCPUs))
	}
	if _, err := t.coll.Programs[kernelProgLearnCpus].Run(&ebpf.RunOptions{}); err != nil {
		return explainLoad(fmt.Errorf("learn where each CPU keeps its counters: %w", err))
	}
	var pointer uint64
	var bases, offsets [maxCPUs]uint64
	if err := t.coll.Variables[kernelVarCpuPercpuPtr].Get(&pointer); err != nil {
		return err
	}
	if err := t.coll.Variables[kernelVarCpuBase].Get(&bases); err != nil {
		return err
	}
	for cpu, base := range bases {
		if base != 0 {
			offsets[cpu] = base - pointer
		}
	}
	return t.coll.Variables[kernelVarCpuOffset].Set(&offsets)
}
