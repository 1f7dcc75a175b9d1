//go:build !race

package perfetto

const underRace = false
