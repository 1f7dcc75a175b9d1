//go:build race

package ledger_test

// underRace: the race detector keeps a shadow of all memory outside the heap.
const underRace = true
