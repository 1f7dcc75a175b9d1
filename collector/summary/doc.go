// Package summary says in one line what a process's ledger says in many: what
// could go back to the system now, and what keeps the rest. It is pure: a sample
// and the ledger made of it go in.
package summary
