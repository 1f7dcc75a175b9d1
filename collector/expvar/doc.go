// Package expvar is an edge: the MemStats that a process serves about itself
// over HTTP, as the standard library's expvar does at /debug/vars. It is the way
// that is left where the process's memory may not be read.
//
// The process calls runtime.ReadMemStats for each request, which stops its
// world for some microseconds, and makes some garbage.
//
// What comes back is hostile: its size, its time and where it leads are bounded.
//
// It may import collector/mem and the standard library.
package expvar
