// Package pprof turns a recording into a profile for `go tool pprof`: what was
// released, mapped and unmapped, by the stack that asked for it. It is pure: frames
// go in one at a time, the profile goes to an io.Writer.
//
// What counts is what the verdict counts (explain.Trace), so that each total is a
// number of it: the calls of the target alone, those of its children are only
// counted in a comment. It may import collector/mem, the timeline's Clean, and
// github.com/google/pprof/profile, which is the format.
package pprof
