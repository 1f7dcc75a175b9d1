// Package target is an edge: one process under study, seen from both sides. It
// puts together what collector/kernel and collector/goruntime read, as samples
// and marks for the collector (View), and says who made a call (Names).
//
// It may import collector and the packages below it, and the standard library.
package target
