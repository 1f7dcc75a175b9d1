package lab

import (
	"time"

	"whyres/collector/mem"
)

// Schema names the JSON object of `whyres lab --json` and of a lab's results file.
const Schema = "whyres/lab/1"

// Result is a whole lab, finished or not.
type Result struct {
	Schema string    `json:"schema"`
	Tool   string    `json:"tool"`
	Time   time.Time `json:"time"` // when the lab began
	Host   mem.Host  `json:"host"`
	// Target and Load are command lines; {addr} stands for where the target
	// listens. Scenario is one plain sentence about them.
	Target   string `json:"target"`
	Load     string `json:"load"`
	Scenario string `json:"scenario"`
	// Environment is what the target had of whyres's own environment that bears on
	// its memory and CPU, "GOGC=50": see Inherited.
	Environment []string `json:"environment,omitempty"`
	// Quick: the GCs were forced; otherwise the runtime's own clocks ran.
	Quick   bool `json:"quick"`
	Runs    int  `json:"runs"`    // asked for, of each setting
	Servers int  `json:"servers"` // at a time, bursting at different times
	// Settle is how long each run is watched after the burst, in ns.
	Settle int64 `json:"settle_ns"`
	Goal   Goal  `json:"goal"`
	// Rows are the settings in the order of the goal, best first; then
	// those that cannot be compared; rows without a measured run come last.
	Rows []Row `json:"settings"`
	// Best is the ID of the recommended row; "" where none is.
	Best string `json:"best,omitempty"`
	// Recommendation is two sentences: what is best for the goal, and its price.
	Recommendation []string `json:"recommendation"`
	// Notes say what of the numbers is not as it should be.
	Notes []string `json:"notes,omitempty"`
}

// Goal is what the rows are ordered by.
type Goal string

// The goals: GoalRES by Area, GoalTime by NineTenths, GoalLatency by LatencyP99,
// GoalCPU by CPU.
const (
	GoalRES     Goal = "res"
	GoalLatency Goal = "latency"
	GoalCPU     Goal = "cpu"
	GoalTime    Goal = "time"
)

// Status is what became of a setting's or a run's measurement.
type Status string

// The states. Skipped: the setting means nothing here, and Problem says why.
const (
	StatusDone    Status = "done"
	StatusFailed  Status = "failed"
	StatusRefused Status = "refused"
	StatusSkipped Status = "skipped"
	StatusPending Status = "pending"
)

// Row is one setting and what was measured under it.
type Row struct {
	Setting
	// Place is where it stands in the catalogue: rounds of runs go by it.
	Place   int    `json:"place"`
	Status  Status `json:"status"`
	Problem string `json:"problem,omitempty"`
	Runs    []Run  `json:"runs"`
	// Measures of the runs that were done: medians with their spread.
	Measures Measures[Spread] `json:"measures"`
	// Against tells each measure beside the default setting's: -1 less, 1 more, 0
	// no difference beyond the spread; null where either is unknown, or at least so
	// much that it may be otherwise, or where the burst of a run was not whole.
	Against Measures[*int] `json:"against_default"`
}

// Run is one run of a setting.
type Run struct {
	Number int       `json:"run"` // from 1
	Time   time.Time `json:"time"`
	Status Status    `json:"status"`
	// Problem is one line: what failed, on what.
	Problem string `json:"problem,omitempty"`
	// Recordings are file names in the lab's folder, one a server.
	Recordings []string `json:"recordings"`
	// BurstEnds are when the bursts were over, one a recording, on the recordings'
	// clock in ns; none where a run failed.
	BurstEnds []mem.Instant      `json:"burst_ends,omitempty"`
	GoVersion string             `json:"go_version,omitempty"`
	Measures  Measures[*float64] `json:"measures"`          // null: unknown
	Unknown   map[string]string  `json:"unknown,omitempty"` // measure: why it is not known
	// AtLeast names the measures that may be more than they say; Notes say why.
	AtLeast []string `json:"at_least,omitempty"`
	Notes   []string `json:"notes,omitempty"`
	// Within is how much sooner than told half or nine tenths may have gone, in ns:
	// RES was not read in between.
	Within int64 `json:"times_within_ns,omitempty"`
	// Took is how long the run took in all, load and settling, in ns; not its wait
	// for other runs' bursts.
	Took     int64     `json:"took_ns,omitempty"`
	Together *Together `json:"together,omitempty"`
	// Burst is null where the load does not tell of its pulses.
	Burst *Burst `json:"burst,omitempty"`
	// Falls are how RES fell for good, of each server: Judge takes Half and
	// NineTenths from them.
	Falls [][]Fall `json:"falls,omitempty"`
}

// Together is what several servers on one box did at once, in bytes.
type Together struct {
	PeakOfSum  int64 `json:"peak_of_sum"`
	SumOfPeaks int64 `json:"sum_of_peaks"`
}

// Spread is the median of some runs, and the least and greatest of them. N is how
// many runs knew the measure; all is zero where N is.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

// Measures are what a run is judged by. The burst ends when the last big pulse has
// been closed, or the load has ended.
type Measures[T any] struct {
	// Peak and Rest are RES in bytes: the highest, and the last reading.
	Peak T `json:"res_peak"`
	Rest T `json:"res_rest"`
	// Half and NineTenths: ns from the burst's end until RES was for good below the
	// level at which that part of what the default setting gives back has gone there
	// (from the highest RES once the burst has ended to Rest, medians of its runs):
	// the same levels for all rows. 0 where RES was below before; at least Settle
	// where it never was; unknown where the default gives nothing back. Where the
	// default was not measured with a whole burst, the levels are of the run's own
	// Peak and Rest.
	Half       T `json:"half_ns"`
	NineTenths T `json:"nine_tenths_ns"`
	// Area is the integral of RES over the run, in byte seconds.
	Area T `json:"area_byte_seconds"`
	// GCCPU and ScavengeCPU are the runtime's own times in ns of CPU (idle GC
	// workers not counted); CPU is their sum; ProcessCPU all that the target used.
	GCCPU       T `json:"gc_cpu_ns"`
	ScavengeCPU T `json:"scavenge_cpu_ns"`
	CPU         T `json:"gc_and_scavenge_cpu_ns"`
	ProcessCPU  T `json:"process_cpu_ns"`
	// LatencyP50 and LatencyP99: ns from the dial to the answer, of the
	// connections of the small pulses after the burst.
	LatencyP50 T `json:"latency_p50_ns"`
	LatencyP99 T `json:"latency_p99_ns"`
	// Refaulted: bytes that had been released and were resident again. Faults: page
	// faults of the target after the burst, a number.
	Refaulted T `json:"refaulted"`
	Faults    T `json:"faults"`
	// Asked and LeftRES are of the calls that release, in bytes: their lengths, and
	// what they themselves took out of RES (Attributed of explain.Releases).
	Asked   T `json:"asked"`
	LeftRES T `json:"left_res"`
}
