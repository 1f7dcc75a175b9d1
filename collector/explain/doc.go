// Package explain tells why RES is what it is: it takes the frames of a trace
// (live or from a recording: it cannot tell), adds up what the calls asked for
// and what left RES, and gives the verdict. The package is pure: it imports
// collector/mem, collector/space, collector/ledger, collector/summary,
// collector/explain/causes, collector/explain/clock and those packages of the
// standard library that compute and make text, does no I/O and reads no clock;
// "now" is the instant of the last frame.
package explain
