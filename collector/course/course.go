package course

import "whyres/collector/mem"

// Course is how RES went. Sizes are bytes of RES (resident anonymous, file and
// shared pages: mm->rss_stat), times are ns. All is zero where there is no reading.
type Course struct {
	Readings uint64 `json:"readings"`
	// Duration is from the first reading to the last.
	Duration int64 `json:"duration_ns"`
	// LongestGap is the longest time without a reading: times are known to
	// within so much.
	LongestGap int64 `json:"longest_gap_ns"`

	// Start is the first reading. Peak is the highest; one between two readings
	// is known by the kernel's own mark (VmHWM of /proc/PID/status), and dated at
	// the sample that showed it. Over an exec it is the highest of both programs,
	// each of which has a mark of its own. Low is the lowest.
	Start int64 `json:"res_start"`
	Peak  int64 `json:"res_peak"`
	Low   int64 `json:"res_low"`
	// PeakAfter is from the first reading to the first one within Jitter of the
	// peak: when RES had risen. The highest reading of all may be any later one:
	// a GC at the end of a plateau is enough.
	PeakAfter int64 `json:"peak_after_ns"`
	// Rest is RES at rest: the last reading. Still is how long before the end RES
	// had been where it ended, to within Jitter: where that is short, RES was
	// still moving when the trace ended.
	Rest  int64 `json:"res_rest"`
	Still int64 `json:"still_ns"`
	// GivenBack is what had gone at the end: Peak - Rest.
	GivenBack int64 `json:"given_back"`
	// Half and NineTenths are how long after RES had risen (PeakAfter) that part
	// of GivenBack had gone for good: RES did not rise above that level again. The
	// load that keeps it up is in that time: two traces compare where their loads
	// do. Null where no more was given back than Jitter.
	Half       *Moment `json:"half"`
	NineTenths *Moment `json:"nine_tenths"`

	// Area is the integral of RES over the Duration in byte seconds, Mean that
	// over the Duration (in bytes).
	Area float64 `json:"area_byte_seconds"`
	Mean int64   `json:"res_mean"`

	// Phases follow each other without a gap, and what they count sums to the
	// trace's: growth (start to PeakAfter), giving back (until NineTenths; left out
	// where that is null), rest (to the end).
	Phases []Phase `json:"phases"`
	// Calls divides the target's calls by what was called and by whom.
	Calls []Calls `json:"calls"`
}

// Moment is when something was first seen to have happened.
type Moment struct {
	// After RES had risen, in ns.
	After int64 `json:"after_ns"`
	// Within: it happened at most so long before, after the reading before; where
	// that is a peak that was shown later, after the reading before the peak.
	Within int64 `json:"within_ns"`
}

// The names of phases.
const (
	Growth     = "growth"
	GivingBack = "giving back"
	AtRest     = "rest"
)

// Phase is a part of the trace.
type Phase struct {
	Name     string `json:"phase"`
	Duration int64  `json:"duration_ns"`
	RESStart int64  `json:"res_start"`
	RESEnd   int64  `json:"res_end"`
	GCs      uint64 `json:"gcs"`
	// Calls of every kind. Asked, LeftRES and Attributed are of those that
	// release (explain.Releases).
	Calls      uint64 `json:"calls"`
	Asked      uint64 `json:"asked"`
	LeftRES    int64  `json:"left_res"`
	Attributed int64  `json:"attributed"`
	// Moved is what all calls themselves did to RES, negative where it fell;
	// Collapsed what khugepaged added to it.
	Moved     int64  `json:"moved"`
	Collapsed uint64 `json:"collapsed"`
	// Faulted is the rest of RESEnd - RESStart: what page faults brought in,
	// less what the kernel took without a call. Sums by construction.
	Faulted int64 `json:"faulted"`
}

// Calls are those of one call, advice and caller.
type Calls struct {
	Call   mem.Call `json:"call,omitempty"`
	Advice string   `json:"advice,omitempty"`
	Who    mem.Who  `json:"who,omitempty"`
	Calls  uint64   `json:"calls"`
	Failed uint64   `json:"failed,omitempty"`
	// Asked is the sum of the lengths; Attributed what the calls themselves took
	// out of RES (negative where they added to it).
	Asked      uint64 `json:"asked"`
	Attributed int64  `json:"attributed"`
}

// What of RES is taken for standing still.
const (
	jitterLeft = 256 << 10 // bytes, or
	jitterPart = 50        // one part of it in so many
)

// Jitter is how far RES moves by itself when nothing happens, in bytes, for a RES
// of that size: 256 KiB, or 2 % of it.
func Jitter(res int64) int64 { return max(jitterLeft, res/jitterPart) }
