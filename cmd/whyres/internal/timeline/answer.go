package timeline

import (
	"whyres/collector/explain"
	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// Answer is a verdict in sentences, in the order in which they are read.
type Answer struct {
	Why  []string // why RES is what it is
	When []string // what is expected to leave RES, and when; none where nothing is
	Do   []string // what to do about the largest causes
}

// AnswerOf is what Verdict prints first.
func AnswerOf(v *explain.Verdict) Answer {
	a := Answer{Why: v.Why, Do: remedies(v)}
	if len(a.Why) == 0 {
		a.Why = explain.Sentences(v)
	}
	if v.Forecast != nil {
		a.When = []string{when(v)}
	}
	return a
}

// maxRemedies is how many causes' remedies stand beside the answer.
const maxRemedies = 2

// remedies are the first ones of the largest causes that are more than possible.
// For one that has ended it is too late.
func remedies(v *explain.Verdict) (first []string) {
	if v.Ended {
		return nil
	}
	for _, c := range v.Causes {
		if c.Confidence == causes.Possible || len(c.Remedy) == 0 || len(first) == maxRemedies {
			continue
		}
		first = append(first, c.Remedy[0]+" ("+c.ID+")")
	}
	return first
}

// PartName is a part of RES in a few words.
func PartName(p ledger.Part) string { return nameOf(p) }

// WhoName is a class of callers in a few words.
func WhoName(w mem.Who) string {
	full, _ := whoWords(w)
	return full
}

// Headline says whose the numbers are: program, pid, Go, kernel.
func Headline(h *mem.Header) []string { return headline(h) }

// GCReason says why a GC ran, by what its mark tells.
func GCReason(why string) string { return whyGC(why) }
