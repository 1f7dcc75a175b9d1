// Package load runs the load of an experiment: a command as a process group of its
// own, which is ended whatever happens. Where it prints what pulse -json prints, it
// also tells when its burst was over, and how long its connections waited.
//
// It may import cmd/whyres/internal/launch.
package load
