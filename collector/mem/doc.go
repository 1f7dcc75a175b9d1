// Package mem holds the nouns of whyres: addresses, instants, events, samples,
// marks and the frames that carry them. It is the leaf under every other
// package: it does no I/O, reads no clock and imports only the standard
// library's text packages.
//
// Sizes are bytes. Instants are nanoseconds of CLOCK_MONOTONIC, the clock that
// both the kernel's eBPF programs and the Go runtime stamp with; wall time is
// kept once, in the Header, and applied at the edges. The JSON names are the
// recording's contract (schema whyres/record/1): fields are added, never
// renamed.
package mem
