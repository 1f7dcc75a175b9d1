package causes

// All is the catalogue, in the order in which causes take what they hold: what
// keeps released memory comes before what keeps free memory, and that before
// what is in use.
func All() []Cause {
	var all []Cause
	for _, group := range [...][]Cause{released(), kept(), built(), inUse(), outside(), beside()} {
		all = append(all, group...)
	}
	return all
}

// ByID is the cause of that name.
func ByID(id string) (Cause, bool) {
	for _, c := range All() {
		if c.ID == id {
			return c, true
		}
	}
	return Cause{}, false
}
