package causes

import (
	"cmp"
	"slices"

	"whyres/collector/ledger"
)

// Judged is a cause that holds a part of RES here, as the JSON contract has it.
type Judged struct {
	ID         string     `json:"id"`
	Bytes      int64      `json:"bytes"`
	Confidence Confidence `json:"confidence"`
	Evidence   []string   `json:"evidence"`
	Remedy     []string   `json:"remedy"`
	// What is the cause in one plain sentence, whatever the process; Says is
	// what it does in this one, going on from its size.
	What string `json:"what"`
	Says string `json:"says"`
	// Takes divides Bytes by the ledger's leaves.
	Takes []Take `json:"takes"`
	// Beside is memory that it holds and that is not in RES.
	Beside int64 `json:"beside_bytes,omitempty"`
	// Ask is how to find out more.
	Ask []string `json:"ask,omitempty"`
	// Page is the command that prints the cause's page.
	Page string `json:"page"`
}

// Judgement divides RES between causes and what is healthy.
type Judgement struct {
	// Causes are ordered: those that are proved or likely before those that are
	// possible, the largest first.
	Causes []Judged
	// Healthy is what no cause holds.
	Healthy int64
}

// Judge asks each cause of the catalogue, in its order.
func Judge(catalogue []Cause, f *Facts) Judgement {
	left := leaves(&f.Ledger)
	out := Judgement{Causes: []Judged{}, Healthy: f.RES()}
	for i := range catalogue {
		c := &catalogue[i]
		if c.Find == nil {
			continue
		}
		found := c.Find(f)
		if found == nil {
			continue
		}
		takes := grant(left, found.Takes)
		bytes := Total(takes)
		if max(bytes, found.Beside) < f.Worth() && !found.Always {
			continue
		}
		for _, t := range takes {
			left[t.Leaf] -= t.Bytes
		}
		out.Healthy -= bytes
		out.Causes = append(out.Causes, judged(c, found, takes, bytes))
	}
	slices.SortStableFunc(out.Causes, before)
	return out
}

// leaves are the ledger's parts that no other is below of.
func leaves(l *ledger.Ledger) map[string]int64 {
	left := map[string]int64{}
	for _, part := range l.Parts {
		left[part.ID] = part.Bytes
	}
	for _, part := range l.Parts {
		delete(left, part.Parent)
	}
	return left
}

// grant cuts the takes to what is left of their leaves.
func grant(left map[string]int64, takes []Take) []Take {
	granted := []Take{}
	taken := map[string]int64{}
	for _, t := range takes {
		bytes := min(t.Bytes, left[t.Leaf]-taken[t.Leaf])
		if bytes > 0 {
			taken[t.Leaf] += bytes
			granted = append(granted, Take{t.Leaf, bytes})
		}
	}
	return granted
}

func judged(c *Cause, found *Finding, takes []Take, bytes int64) Judged {
	return Judged{
		ID: c.ID, Bytes: bytes, Confidence: found.Confidence,
		Evidence: some(found.Evidence), Remedy: some(found.Remedy),
		What: c.Page.What, Says: found.Says, Takes: takes, Beside: found.Beside, Ask: found.Ask,
		Page: "whyres explain --cause " + c.ID,
	}
}

func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// before: what is only possible comes last; then by size, and by what lies
// beside RES.
func before(a, b Judged) int {
	possible := func(j *Judged) int {
		if j.Confidence == Possible {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(possible(&a), possible(&b)), cmp.Compare(b.Bytes, a.Bytes),
		cmp.Compare(b.Beside, a.Beside), cmp.Compare(a.Confidence.rank(), b.Confidence.rank()))
}
