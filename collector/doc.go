// Package collector joins what the kernel's eyes and the Go runtime's memory
// say about one process into a single stream of frames in order of time, and
// hands each frame to the sinks.
//
// Run owns every goroutine of a trace: one that reads events, one that looks
// at the process, and its own, which orders, names and delivers. It declares
// the small interfaces that it needs; cmd wires the real ones in. The package
// may import collector/mem and collector/space, and does no I/O of its own.
package collector
