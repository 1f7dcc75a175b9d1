package explain

import (
	"time"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Schema is the verdict's name and version.
const Schema = "whyres/explain/1"

// Verdict is the object that explain --json prints and that closes trace
// --json. Sizes are bytes. Fields are added, never renamed.
type Verdict struct {
	Schema string `json:"schema"`
	// Time is the wall time of the last frame.
	Time    time.Time   `json:"time"`
	Host    mem.Host    `json:"host"`
	Process mem.Process `json:"process"`
	// RES of the sample that the ledger divides: the last full one, or the
	// last one where none was full.
	RES int64 `json:"res_bytes"`
	// MemStats of the same sample; Source is "none" where the Go runtime was
	// not read.
	MemStats mem.MemStats  `json:"memstats"`
	Ledger   []ledger.Part `json:"ledger"`
	// Causes hold parts of RES; with Healthy, what no cause holds, they sum to
	// it.
	Causes  []Cause `json:"causes"`
	Healthy int64   `json:"healthy_bytes"`
	// Limits is null where the process is not Go, or was not read well enough.
	Limits *Limits `json:"limits"`
	// Forecast is null when nothing is known of what is to come.
	Forecast *Forecast `json:"forecast"`
	// Forecasts is how those of a trace have held; nil where none was made.
	Forecasts *Forecasts `json:"forecasts,omitempty"`
	Warnings  []string   `json:"warnings"`

	// Ended: the process has ended, and all of this is of when it lived. No
	// forecast is made of it, and no remedy waits for anything.
	Ended bool `json:"ended,omitempty"`

	// SampleAge is how long before the last frame the ledger's sample was
	// taken, in ns.
	SampleAge int64 `json:"sample_age_ns,omitempty"`

	// Why are the plain sentences, as Sentences makes them.
	Why []string `json:"why"`
	// Smaps and Pages of the ledger's sample, nil where it was no full one.
	Smaps *mem.Smaps   `json:"smaps,omitempty"`
	Pages *mem.GoPages `json:"go_pages,omitempty"`
	// Mappings of the same sample.
	Mappings
	// Moved is how far RES went while the ledger's sample was read, where that
	// is so far that its parts are of different instants; 0 otherwise.
	Moved int64 `json:"moved_bytes,omitempty"`
	// LastGCAgo is the time from the last GC's end to the ledger's sample,
	// in ns; 0 where unknown.
	LastGCAgo int64 `json:"last_gc_ago_ns,omitempty"`

	// Up is how long the process had been running when it was looked at, in
	// ns; 0 where unknown.
	Up int64 `json:"up_ns,omitempty"`

	// Trace is what the calls brought, nil where none were traced.
	*Trace
}

// Cause is one reason for a part of RES.
type Cause = causes.Judged

// Trace sums up the traced process's events. Those of other processes, its
// children, count only in OtherProcesses.
type Trace struct {
	Releases Releases `json:"releases"`
	Unmapped Unmapped `json:"unmapped"`
	// ByWho divides the releases by their callers, the most asked first.
	ByWho []ByWho `json:"by_who"`
	// Outcomes divides the releases by what became of them, those that asked for
	// most first: their calls, asked, left and to_allocator sum to those of
	// Releases.
	Outcomes []Outcome `json:"outcomes"`
	// MappedAnew are parts of its heap that the Go runtime mapped anew, in place
	// of releases, after the kernel had refused one (Go 1.21+); null where
	// there were none. They are no releases, and in none of the sums above.
	MappedAnew *Outcome `json:"mapped_anew,omitempty"`
	// Collapses are the huge pages that khugepaged made.
	Collapses Grown `json:"collapses,omitzero"`
	// Reserved is the sum of the lengths of successful mmaps: address space,
	// most of it never resident.
	Reserved uint64 `json:"reserved"`
	// Calls by kind, the most frequent first; Failed are those of them that
	// failed, by errno.
	Calls  []Calls  `json:"calls"`
	Failed []Failed `json:"failed"`
	GCs    uint64   `json:"gcs"`
	// Lost events: where it is not 0, all sums here are "at least".
	Lost uint64 `json:"lost"`
	// RESStart, RESPeak and RESEnd are the first, the highest and the last
	// that any sample or event showed. The peak is also what the kernel's mark
	// (VmHWM) tells of the time between two samples; over an exec it is the highest
	// of both programs, each with a mark of its own.
	RESStart int64 `json:"res_start"`
	RESPeak  int64 `json:"res_peak"`
	RESEnd   int64 `json:"res_end"`
	// Duration from the header, or the first frame, to the last frame.
	Duration       int64          `json:"duration_ns"`
	OtherProcesses OtherProcesses `json:"other_processes"`
}

// Releases sums up the calls that asked the kernel to take memory back while
// the mapping stays (mem.Event.Releases).
type Releases struct {
	Calls uint64 `json:"calls"`
	// Asked is the sum of their lengths; Refused is the part of it in calls
	// that failed. One that met a hole in the address space (ENOMEM) has
	// released the rest, and is not counted as refused. process_madvise does
	// not tell its lengths: it counts as a call only.
	Asked   uint64 `json:"asked"`
	Refused uint64 `json:"refused"`
	// LeftRES sums how much lower RES was after each call than before it,
	// calls after which it was higher counting 0: the change of the whole
	// process, whoever made it.
	LeftRES int64 `json:"left_res"`
	// Attributed sums what the calls themselves took out of RES.
	Attributed int64 `json:"attributed"`
	// ToAllocator is what of Attributed the kernel's allocator got back: null
	// where that was not measured (trace --allocator). A call's own may come
	// later, and others' pages with it: at most 31 a CPU, of those touched last.
	ToAllocator *int64 `json:"to_allocator"`
	// Refaulted is memory that was released and taken again: of each release
	// what of the memory that it took out of RES must have been released
	// before; and of the last full sample what is resident again.
	Refaulted uint64 `json:"refaulted"`
}

// Unmapped sums up munmap.
type Unmapped struct {
	Calls      uint64 `json:"calls"`
	Asked      uint64 `json:"asked"`
	LeftRES    int64  `json:"left_res"`
	Attributed int64  `json:"attributed"`
}

// Grown are huge pages that khugepaged made of small ones.
type Grown struct {
	Calls uint64 `json:"calls"`
	// Bytes is by how much RES grew: the pages that had been missing there.
	Bytes uint64 `json:"bytes"`
	// Unknown is for how many of them that is not known.
	Unknown uint64 `json:"unknown,omitempty"`
}

// add takes one more in, unless the process asked for it itself.
func (g *Grown) add(m *mem.Mark) {
	if m.Asked {
		return
	}
	g.Calls++
	if m.Grew == nil {
		g.Unknown++
		return
	}
	g.Bytes = add(g.Bytes, uint64(max(0, *m.Grew)))
}

// ByWho is one class of callers of releases.
type ByWho struct {
	Who        mem.Who `json:"who"`
	Calls      uint64  `json:"calls"`
	Asked      uint64  `json:"asked"`
	LeftRES    int64   `json:"left_res"`
	Attributed int64   `json:"attributed"`
}

// Calls is one kind of call; Bytes the sum of the lengths asked for.
type Calls struct {
	Call   mem.Call `json:"call"`
	Advice string   `json:"advice,omitempty"`
	Calls  uint64   `json:"calls"`
	Bytes  uint64   `json:"bytes"`
}

// Failed is one kind of failure.
type Failed struct {
	Call   mem.Call `json:"call"`
	Advice string   `json:"advice,omitempty"`
	Errno  string   `json:"errno"`
	Calls  uint64   `json:"calls"`
}

// OtherProcesses counts what was traced of processes other than the target.
type OtherProcesses struct {
	Events uint64 `json:"events"`
	// PIDs is how many there were, at most 1024 counted.
	PIDs int `json:"pids"`
}
