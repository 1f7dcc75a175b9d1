// Package record is the codec of a recording: the stream of mem.Frame as JSON
// lines, over an io.Writer and an io.Reader. It opens no files and reads no
// clock; it may import collector/mem, the standard library's encoders and
// klauspost/compress/zstd.
//
// The first line is the header, {"type":"header","schema":"whyres/record/1",..};
// each further line is one frame of "type" event, sample, mark or lost, with the
// fields of the mem type of that name. A reader skips types that it does not
// know and ignores fields that it does not know: both may be added, none is
// renamed. A recording may be compressed as one zstd stream.
//
// A recording is written while its process may be killed at any moment, so
// everything up to the last Flush replays, and what a crash cut off costs one
// line, reported with its position.
package record
