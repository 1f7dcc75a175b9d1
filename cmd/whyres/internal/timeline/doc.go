// Package timeline shows a stream of frames to a person: what happened to the
// memory of a process, when, who did it and what it brought, one line each, and
// at the end the verdict. It is a sink of the collector.
//
// It works in two stages. The grouping stage (grouper, burst) turns frames into
// rows and knows nothing of terminals; the rendering stage (layout, painter)
// turns rows into lines. Both are pure: time comes from the frames alone, and
// the width and the colours of the terminal are given by the caller, so that a
// replay prints the bytes that the live trace printed.
//
// It may import collector/mem, collector/explain, collector/ledger, collector/probe, the standard
// library, and fatih/color, of which it is the only importer. Colour repeats what
// a sign and a word already say.
package timeline
