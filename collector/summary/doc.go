// Package summary says in one line what a process's ledger says in many: what
// could go back to the system now, what keeps the rest, and the first cause. It is
// pure: a sample and the ledger made of it go in. It imports collector/mem,
// collector/ledger and collector/explain/causes.
package summary
