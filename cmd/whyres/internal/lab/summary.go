package lab

// SumOfPeaks is that of the runs with several servers, in bytes: what they would
// need if each kept room for its own peak.
func (w *Row) SumOfPeaks() Spread {
	var values []float64
	for i := range w.Runs {
		if t := w.Runs[i].Together; w.Runs[i].Status == StatusDone && t != nil {
			values = append(values, float64(t.SumOfPeaks))
		}
	}
	return spreadOf(values)
}

// GoVersions are those of the runs that were done, each once, in the catalogue's
// order of their settings.
func (r *Result) GoVersions() []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, row := range r.inPlace() {
		for i := range row.Runs {
			if v := row.Runs[i].GoVersion; row.Runs[i].Status == StatusDone && !seen[v] {
				seen[v] = true
				out = append(out, v)
			}
		}
	}
	return out
}
