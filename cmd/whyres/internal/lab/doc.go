// Package lab is the experiment without its machinery: the settings that are
// tried, what is measured of a run, how runs become a row, which row is best and
// what that costs. It is pure: it sees no clock, file or process. The command
// `whyres lab` does what its plan says, and hands it the frames of each run.
//
// It may import collector/course, collector/explain, collector/ledger (how a size is
// written) and collector/mem.
package lab
