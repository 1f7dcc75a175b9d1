package diff

import (
	"time"

	"whyres/collector/mem"
)

// Schema is the report's name and version.
const Schema = "whyres/diff/1"

// Report is what whyres diff --json prints. Fields are added, never renamed.
type Report struct {
	Schema string `json:"schema"`
	// Of is what was compared: "recordings" or "probes".
	Of string `json:"of"`
	A  About  `json:"a"`
	B  About  `json:"b"`
	// Rows are in the order of their groups; those that are the same are there
	// too.
	Rows []Row `json:"rows"`
	// Notes say what cannot be compared, and what the numbers do not hold.
	Notes []string `json:"notes"`
}

// The two kinds of things that are compared.
const (
	Recordings = "recordings"
	Probes     = "probes"
)

// About says what a side is. Name is the file's, as it was given.
type About struct {
	Name string    `json:"name"`
	Time time.Time `json:"time"`
	Host mem.Host  `json:"host"`
	// Process is null of a probe. Duration is that of the recording, in ns.
	Process  *mem.Process `json:"process"`
	Duration int64        `json:"duration_ns,omitempty"`
	// Damaged is how many lines of the recording could not be read.
	Damaged int `json:"damaged_lines,omitempty"`
}

// Row is one thing on both sides.
type Row struct {
	// ID is a promise: what is the same thing has the same id.
	ID    string `json:"id"`
	Group Group  `json:"group"`
	// What it is, in plain words.
	What string `json:"what"`
	Unit Unit   `json:"unit"`
	A    Value  `json:"a"`
	B    Value  `json:"b"`
	// Change is B - A of numbers, null where one is not known.
	Change *int64 `json:"change"`
	Mark   Mark   `json:"mark"`
	// Why is one sentence, where the recordings have one.
	Why string `json:"why,omitempty"`
	// Detail: it matters less, and is shown last.
	Detail bool `json:"detail,omitempty"`
}

// Group is what a row belongs to.
type Group string

// The groups, in their order.
const (
	GroupHost   Group = "host and program"
	GroupCourse Group = "course of RES"
	GroupGiven  Group = "given back"
	GroupCauses Group = "causes at the end"
	GroupCalls  Group = "calls"
	GroupPhases Group = "phases"
	GroupParts  Group = "parts of RES at the end"
	GroupCases  Group = "cases"
)

// Unit is how a value is to be read.
type Unit string

// The units. A Moment is a time after an earlier one, of which less is sooner; a
// Duration is just how long something was.
const (
	Text        Unit = "text"
	Bytes       Unit = "bytes"
	ByteSeconds Unit = "byte-seconds"
	Moment      Unit = "moment-ns"
	Duration    Unit = "ns"
	Count       Unit = "count"
)

// Mark is how B compares to A.
type Mark string

// The marks. Better and worse are of B, for what has a direction: less memory, for
// less long. OnlyA and OnlyB: the other side has no such thing, or does not know.
const (
	Same      Mark = "same"
	Better    Mark = "better"
	Worse     Mark = "worse"
	Different Mark = "different"
	OnlyA     Mark = "only-a"
	OnlyB     Mark = "only-b"
)
