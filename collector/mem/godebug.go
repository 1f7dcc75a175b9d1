package mem

import "strings"

// Godebug is what GODEBUG sets a name to, for instance "madvdontneed"; "" where
// it does not. The runtime reads the list from left to right: the last counts
// (runtime.parsegodebug).
func (p *Process) Godebug(name string) string {
	value := ""
	for setting := range strings.SplitSeq(p.Env["GODEBUG"], ",") {
		if key, text, found := strings.Cut(setting, "="); found && key == name {
			value = text
		}
	}
	return value
}

// GodebugNames are the settings of GODEBUG that say how memory is kept; whyres
// remembers no other: what else stands there is nobody's business.
func GodebugNames() []string {
	return []string{"adaptivestackstart", "disablethp", "gcshrinkstackoff", "madvdontneed"}
}
