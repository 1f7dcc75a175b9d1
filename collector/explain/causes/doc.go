// Package causes is the catalogue of why RES stays high: one file a cause. A
// cause gets facts in, and gives evidence, bytes and remedies out, or nothing.
//
// What a cause finds it takes from the ledger's leaves. Judge lets each byte be
// taken once, in the catalogue's order; what nobody takes is healthy. So the
// bytes of all causes and of what is healthy sum to RES.
//
// The package is pure: it imports collector/mem, collector/ledger and the
// standard library's text and time packages, does no I/O and reads no clock.
package causes
