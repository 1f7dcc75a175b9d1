// Package probe says what a kernel's madvise really does, case by case. It is
// pure: the catalogue of cases, what was measured of each, the verdict that the
// numbers make, and the report that holds them. Making the memory, the calls and
// the measurements is the business of package subject below it, seeing what the
// kernel's allocator got that of the caller, who joins both.
//
// It may import collector/mem and the standard library.
package probe
