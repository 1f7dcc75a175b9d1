// Package ledger tells where RES is now: it divides the resident memory of one
// sample into parts, by what the kernel says of the mappings and what the Go
// runtime says of its pages. Parents are computed from their children and the
// leaves sum to RES exactly: what no part accounts for is the signed leaf
// "unexplained", always shown. The package is pure: it imports collector/mem
// and the standard library's text packages, does no I/O and reads no clock.
package ledger
