package doctor

// Status is how a check ended.
type Status string

// The statuses. Info is neither good nor bad: it is there to be known.
const (
	OK      Status = "ok"
	Missing Status = "missing"
	Unknown Status = "unknown"
	Info    Status = "info"
)

// Check is one finding, in plain words.
type Check struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
	// Found is what there is, Means what follows from it, Remedy what to do
	// about it: a command where there is one.
	Found  string `json:"found"`
	Means  string `json:"means"`
	Remedy string `json:"remedy"`
	// NeededFor names the commands that cannot do without; "" if all can.
	NeededFor string `json:"needed_for,omitempty"`
}

// What needs what.
const (
	forTrace   = "trace"
	forExplain = "explain and top"
	forAll     = "trace, explain and top"
)

// Blocks reports whether a command cannot do its work.
func (c Check) Blocks() bool { return c.Status == Missing && c.NeededFor != "" }

// Blocked lists the ids of the checks that block.
func Blocked(checks []Check) (ids []string) {
	for _, c := range checks {
		if c.Blocks() {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func ok(id, found string) Check { return Check{ID: id, Status: OK, Found: found} }

func info(id, found, means string) Check {
	return Check{ID: id, Status: Info, Found: found, Means: means}
}

func missing(id, found, means, remedy string) Check {
	return Check{ID: id, Status: Missing, Found: found, Means: means, Remedy: remedy}
}

func unknown(id, found, means string) Check {
	return Check{ID: id, Status: Unknown, Found: found, Means: means}
}

// neededFor marks what cannot be done without.
func (c Check) neededFor(what string) Check {
	c.NeededFor = what
	return c
}

// do adds a remedy.
func (c Check) do(remedy string) Check {
	c.Remedy = remedy
	return c
}
