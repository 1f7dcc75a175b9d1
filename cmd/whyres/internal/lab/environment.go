package lab

import (
	"cmp"
	"slices"
	"strings"

	"whyres/collector/mem"
)

// Inherited are those of the variables in an environment that bear on a Go program's
// memory and CPU, "GOGC=50": the target has them in each run, unless a setting says
// otherwise. Of GODEBUG no more than whyres keeps anywhere; of a name that is there
// twice the first, which counts for Go.
func Inherited(environ []string) []string {
	const longest = 100 // no value that means anything is as long
	var out []string
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GODEBUG", "GOMAXPROCS"} {
		i := slices.IndexFunc(environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		if i < 0 {
			continue
		}
		value := strings.TrimPrefix(environ[i], name+"=")
		if name == "GODEBUG" {
			value = ofMemory(value)
		}
		if value != "" {
			out = append(out, name+"="+strings.ToValidUTF8(value[:min(len(value), longest)], "?"))
		}
	}
	return out
}

// ofMemory are the settings of GODEBUG that say how memory is kept.
func ofMemory(godebug string) string {
	var out []string
	for setting := range strings.SplitSeq(godebug, ",") {
		if key, _, found := strings.Cut(setting, "="); found && slices.Contains(mem.GodebugNames(), key) {
			out = append(out, setting)
		}
	}
	return strings.Join(out, ",")
}

// GoOn notes that the runs from now on, if there are any, inherit another environment
// than those before.
func (r *Result) GoOn(environ []string) {
	now := Inherited(environ)
	if len(r.Plan()) == 0 || slices.Equal(now, r.Environment) {
		return
	}
	note := "some runs were made later, in another environment: " + cmp.Or(strings.Join(now, " "), "none of GOGC, GOMEMLIMIT, GODEBUG and GOMAXPROCS set")
	if !slices.Contains(r.Notes, note) {
		r.Notes = append(r.Notes, note)
	}
}

// inherits says what of its environment each run had; "" for nothing.
func (r *Result) inherits() string {
	if len(r.Environment) == 0 {
		return ""
	}
	return "the target inherited " + strings.Join(r.Environment, " ") +
		" from the environment of whyres: this holds in each row that does not set the same itself, the default too"
}
