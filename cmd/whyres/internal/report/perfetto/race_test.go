//go:build race

package perfetto

// underRace: the race detector makes all of this some ten times as slow.
const underRace = true
