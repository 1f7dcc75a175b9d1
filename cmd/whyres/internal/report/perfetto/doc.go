// Package perfetto turns a recording into a trace for Perfetto's viewer
// (ui.perfetto.dev) and its trace processor: RES and the heap as counters, calls as
// slices on the threads that made them, with what they asked for and what left RES,
// GCs and the rest as instants. It is pure: frames go in one at a time, packets go
// out to an io.Writer as they come. What it keeps does not grow with the length of
// the recording, but for the names that differ, and these are bounded.
//
// The format is a stream of protobuf packets (Perfetto's protos/perfetto/trace). Its
// schema has thousands of messages, of which this needs a dozen, and a big recording
// a million packets: so the few fields are written with protowire, the protobuf
// library's own encoder, and the tests read them back by a schema.
//
// Timestamps are CLOCK_MONOTONIC, so that other traces of the host line up.
//
// It may import collector/mem, the timeline's Clean, and protowire.
package perfetto
