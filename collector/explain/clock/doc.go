// Package clock tells when a Go process gives memory back next: how much, between
// when and when, after which GC, and why then; and how such forecasts have held.
//
// What it knows of the runtime (runtime/proc.go, mgc.go, mgcscavenge.go, the same
// from Go 1.21 to 1.27 unless said otherwise):
//
//   - While nothing of the program runs its monitor thread (sysmon) sleeps for
//     60 s at a time, less only if a timer is due. Nobody wakes it for a GC or for
//     the scavenger: both wait until it wakes by itself.
//   - When it wakes, and the last GC ended 120 s ago or more, it starts one. It
//     starts none before the first, and none with GOGC=off.
//   - When the sweep after a GC is done, the background scavenger is due
//     (scavenger.ready), but it is sysmon that wakes it (scavenger.wake): in an
//     idle process one sleep of 60 s later. The next GC wakes it too, early on.
//   - The scavenger leaves alone chunks of 4 MiB that were dense at the end of
//     the GC cycle before, and pages above the address that it searches from,
//     which only the end of a GC's marking moves up: what a GC has freed mostly
//     waits for the GC after it (1.21+).
//   - It stops at its goal: what was in use at the last GC and a tenth more.
//   - It works for a hundredth of the CPU time, with sleeps in between.
//
// So of an idle process all of it follows from when sysmon fell asleep, which the
// kernel tells. The package sees no clock and no process: the facts come in. It
// imports collector/mem and collector/ledger (how sizes are written) alone.
package clock
