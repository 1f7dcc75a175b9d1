// Package space holds sets of addresses of a process's address space: as
// intervals that are spliced when they overlap, since calls that map, unmap
// and release memory keep to no borders but pages. On top of the set stands
// Released, which remembers what traced calls gave back. The package is pure:
// it imports collector/mem and the standard library's slices, does no I/O and
// reads no clock.
package space
