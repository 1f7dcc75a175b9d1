// Package explain tells why RES is what it is: it takes the frames of a trace
// (live or from a recording: it cannot tell), adds up what the calls asked for
// and what left RES, and gives the verdict. The package is pure: it imports
// collector/mem, collector/space, collector/ledger and the standard library's
// text and time packages, does no I/O and reads no clock; "now" is the instant
// of the last frame.
package explain
