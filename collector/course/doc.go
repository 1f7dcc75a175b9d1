// Package course measures how RES went in a trace: how high, where it came to
// rest, how long it took to give memory back, and what happened in each phase of
// that. It keeps a bounded state however long the trace is. The package is pure: it
// imports collector/mem, collector/explain and those packages of the standard
// library that compute, does no I/O and reads no clock.
//
// A reading is an instant at which RES is known: each sample of /proc, each end of
// a call whose counters were read exactly, each collapse by khugepaged. Between two
// readings RES is taken to be as it was last read.
package course
