// Package settings changes system settings for a moment and puts them back,
// whatever happens to whyres meanwhile.
//
// A small process of its own, the guardian, writes them and knows what stood
// there. It holds a pipe to its caller: when that closes, for whatever reason
// (done, Ctrl-C, kill -9), it restores what it changed and ends. It runs in a
// session of its own and ignores the signals that a terminal or a service manager
// ends a group of processes by. Only the end of the machine, or a kill -9 of the
// guardian itself, leaves a change in place.
//
// One guardian at a time works below a folder: it holds a lock on it, since two
// would take each other's changes for what was there first.
//
// It may import x/sys/unix and the standard library.
package settings
