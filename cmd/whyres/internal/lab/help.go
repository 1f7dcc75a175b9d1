package lab

// MeasureHelp defines the measures, for people, in the order of Measures.
func MeasureHelp() []struct{ Name, What string } {
	what := [fields]string{
		"the highest RES of the run. With several servers: of their sum at any one instant",
		"RES at the end of the run, when the burst has been over for the time to settle",
		"from the burst's end until RES was for good below the level at which half of what the default gives back (from the highest RES once the burst has ended to that at rest) has left it there: the same level in every row. 0 if it was below before the burst had ended; at least the time to settle if it never was",
		"the same of nine tenths",
		"RES summed up over the run, in MiB times minutes: what the neighbours on the box could not have",
		"CPU time of the garbage collector, as the Go runtime counts it: by the time its workers took, so that it is too much where they had to wait for a CPU; its work in idle time left out",
		"CPU time of Go's scavenger, which gives memory back, as the Go runtime counts it; in versions that do not tell, the time within its calls to the kernel, which is less. What debug.FreeOSMemory releases no version counts: the time within those calls is added, so that it is at least this much. The tracer's time in traced calls is in it",
		"both of these: what giving memory back costs the target",
		"all CPU time of the target, with what whyres takes in the calls that it traces: it is the same tracer in every row, so rows compare, but without it all would be less",
		"half of the small pulses' connections after the burst were answered within it, from dialling on; the target is traced meanwhile, in every row alike",
		"99 of 100 of them were: what the few slowest wait",
		"memory that was released and then used again: each page of it was faulted in anew",
		"page faults of the target after the burst",
		"what the target asked the kernel to take back, in all its calls",
		"what those calls themselves took out of RES",
	}
	out := make([]struct{ Name, What string }, fields)
	for i, f := range Fields() {
		out[i].Name, out[i].What = f.String(), what[f]
	}
	return out
}
