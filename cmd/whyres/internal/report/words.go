package report

import (
	"whyres/collector/explain"
	"whyres/collector/mem"
)

// Words are how the terminal says it: the page says the same.
type Words struct {
	Answer func(*explain.Verdict) Answer
	Head   func(*mem.Header) []string
	Part   func(mem.Part) string
	Who    func(mem.Who) string
	GC     func(why string) string
	// Clean makes a name of the target fit to show: what is not printable is
	// escaped, and it has so many columns at most.
	Clean func(s string, atMost int) string
}

// Answer is a verdict in sentences.
type Answer struct{ Why, When, Do []string }

// inWords cleans a kind, whose names are whatever stands in the recording.
func (w *Words) inWords(k Kind) kindData {
	out := kindData{Kind: k}
	if k.Lane == LaneGC {
		out.Note = w.GC(k.Note)
	}
	if k.Call != "" {
		out.WhoName = w.Who(k.Who)
	}
	out.Note = w.Clean(out.Note, 100)
	out.Call, out.Advice = mem.Call(w.Clean(string(k.Call), 40)), w.Clean(k.Advice, 40)
	out.Errno, out.Who = w.Clean(k.Errno, 40), mem.Who(w.Clean(string(k.Who), 40))
	return out
}

// longestText is where a sentence is cut, in columns.
const longestText = 2000

// cleanAll cleans sentences: they may name what the target calls itself.
func (w *Words) cleanAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = w.Clean(text, longestText)
	}
	return out
}

func (w *Words) cleanAnswer(a Answer) Answer {
	return Answer{Why: w.cleanAll(a.Why), When: w.cleanAll(a.When), Do: w.cleanAll(a.Do)}
}
