package causes

import "whyres/collector/ledger"

// Confidence is how sure a finding is.
type Confidence string

// Proved: what was seen shows both the mechanism and the bytes. Likely: all that
// was seen fits, and one link was not seen. Possible: it fits, and so would
// something harmless; only who knows the program can tell.
const (
	Proved   Confidence = "proved"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// rank orders the confidences, the surest first.
func (c Confidence) rank() int {
	switch c {
	case Proved:
		return 0
	case Likely:
		return 1
	}
	return 2
}

// Cause is one entry of the catalogue.
type Cause struct {
	// ID is its short name, for instance "madv-free".
	ID string
	// Page is what whyres explain --cause prints.
	Page Page
	// Find looks for the cause; nil where it cannot be seen from a host, which
	// the page's Proof then says.
	Find func(*Facts) *Finding
}

// Page tells a cause to people. Each text is whole sentences, or, in lists, one
// item each.
type Page struct {
	// What is the cause in one plain sentence.
	What string `json:"what"`
	// Mechanism is how it comes about, in a paragraph or two.
	Mechanism string `json:"mechanism"`
	// Proof is what whyres takes for proof, and what it cannot see.
	Proof string `json:"proof"`
	// Remedy are exact settings or commands, the best first, each with its price.
	Remedy []string `json:"remedy"`
	// Versions says which releases of Go and Linux have it.
	Versions string `json:"versions"`
	// Sources are issues, source files with symbols, manual pages.
	Sources []string `json:"sources"`
}

// Finding is a cause found.
type Finding struct {
	Confidence Confidence
	// Takes are the bytes of RES that the cause holds, by the leaves they are in.
	Takes []Take
	// Beside is memory that the cause holds and that is not in RES (page tables,
	// swap, the control group's charge), in bytes.
	Beside int64
	// Says is the cause here and now, in plain words that go on from a size:
	// "12.0 MiB (30 % of RES) " + "were released by MADV_FREE and ...".
	// It has no full stop at its end.
	Says string
	// Evidence is what proves it, each with its number and where it is from.
	Evidence []string
	// Remedy are the exact settings or commands that fit this process, best
	// first.
	Remedy []string
	// Ask is how to find out what is missing for a proof: what a trace would
	// add, for instance.
	Ask []string
	// Always: told whatever its size. Else what holds less than is Worth is not.
	Always bool
}

// Take is a claim on a leaf of the ledger.
type Take struct {
	Leaf  string `json:"leaf"`
	Bytes int64  `json:"bytes"`
}

// All takes everything that is in the leaves.
func (f *Facts) All(leaves ...string) []Take {
	var takes []Take
	for _, id := range leaves {
		if bytes := f.Leaf(id); bytes > 0 {
			takes = append(takes, Take{id, bytes})
		}
	}
	return takes
}

// Total is the sum of takes.
func Total(takes []Take) (sum int64) {
	for _, t := range takes {
		sum += t.Bytes
	}
	return sum
}

// Worth is from how many bytes on a cause is told: a twentieth of RES, and a
// MiB at the least.
func (f *Facts) Worth() int64 { return max(f.RES()/20, 1<<20) }

// size writes bytes for people.
func size(bytes int64) string { return ledger.Size(bytes) }
