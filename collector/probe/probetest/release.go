package probetest

import "fmt"

// Release is a line of Linux releases: 6.18 is {6, 18}.
type Release struct{ Major, Minor int }

// ReleaseOf reads what uname -r says.
func ReleaseOf(uname string) (r Release, err error) {
	if _, err := fmt.Sscanf(uname, "%d.%d", &r.Major, &r.Minor); err != nil {
		return r, fmt.Errorf("kernel %q: %w", uname, err)
	}
	return r, nil
}

func (r Release) before(o Release) bool {
	return r.Major < o.Major || r.Major == o.Major && r.Minor < o.Minor
}

// For is the table of one kernel, by case.
func For(uname string) (map[string]Answer, error) {
	r, err := ReleaseOf(uname)
	if err != nil {
		return nil, err
	}
	out := map[string]Answer{}
	for _, a := range Reference() {
		if !r.before(a.From) && (a.Before == Release{} || r.before(a.Before)) {
			out[a.ID] = a
		}
	}
	return out, nil
}
