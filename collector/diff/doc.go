// Package diff lays two recordings, or two reports of whyres probe, side by side:
// what is the same within a tolerance, what differs, which of both is better, and
// why where the data says so. The package is pure: it imports collector/mem,
// collector/course, collector/explain, collector/ledger, collector/probe and those
// packages of the standard library that compute and make text, does no I/O and
// reads no clock.
package diff
