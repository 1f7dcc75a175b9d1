package diff

import (
	"strings"

	"whyres/collector/explain"
	"whyres/collector/ledger"
)

// causes compares what holds RES at the end: what appears, vanishes, or changes in
// size.
func causes(r *rows, a, b *Side) {
	r.group = GroupCauses
	x, y := byCause(a), byCause(b)
	var order []string
	for _, list := range [...][]explain.Cause{a.Verdict.Causes, b.Verdict.Causes} {
		for _, c := range list {
			order = appendNew(order, c.ID)
		}
	}
	for _, id := range order {
		row := Row{ID: "cause." + id, What: "cause " + id}
		for _, side := range [...]struct {
			causes map[string]*explain.Cause
			value  *Value
		}{{x, &row.A}, {y, &row.B}} {
			if c := side.causes[id]; c != nil {
				*side.value, row.Why = number(c.Bytes), firstSentence(c.What)
			}
		}
		row.Detail = tiny(row.A) && tiny(row.B)
		r.size(row, less)
	}
	r.size(Row{ID: "healthy", What: "held by no cause", A: number(a.Verdict.Healthy), B: number(b.Verdict.Healthy), Detail: true}, neither)
}

// tiny: what comes and goes by itself. A cause of no bytes is not: it is one of
// time, or of memory outside of RES.
func tiny(v Value) bool {
	return v.Number == nil || *v.Number != 0 && sameSize(*v.Number, 0)
}

func appendNew(list []string, s string) []string {
	for _, known := range list {
		if known == s {
			return list
		}
	}
	return append(list, s)
}

func byCause(s *Side) map[string]*explain.Cause {
	out := map[string]*explain.Cause{}
	for i := range s.Verdict.Causes {
		out[s.Verdict.Causes[i].ID] = &s.Verdict.Causes[i]
	}
	return out
}

func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(sentence, ".")
}

// leafPair is a part of RES on both sides.
type leafPair struct {
	id, what string
	a, b     int64
}

func (l leafPair) change() int64 { return l.b - l.a }

// leaves are the parts of RES that have no parts on either side, in the order of
// A, then of B. Where one side divides a part and the other does not, the part as a
// whole is compared.
func leaves(a, b *Side) []leafPair {
	parents := map[string]int{}
	for _, s := range [...]*Side{a, b} {
		for id := range parentsOf(s.Verdict.Ledger) {
			parents[id]++
		}
	}
	at := map[string]int{}
	var out []leafPair
	for side, s := range [...]*Side{a, b} {
		undivided := parentsOf(s.Verdict.Ledger)
		for _, p := range s.Verdict.Ledger {
			if undivided[p.ID] && parents[p.ID] == 2 || hidden(p.Parent, s.Verdict.Ledger, parents) {
				continue
			}
			i, known := at[p.ID]
			if !known {
				i = len(out)
				at[p.ID] = i
				out = append(out, leafPair{id: p.ID, what: p.What})
			}
			if side == 0 {
				out[i].a = p.Bytes
				continue
			}
			if out[i].b = p.Bytes; p.Bytes > out[i].a {
				out[i].what = p.What // in the words of the side that has more of it
			}
		}
	}
	return out
}

// parentsOf are the ids that have parts.
func parentsOf(parts []ledger.Part) map[string]bool {
	out := map[string]bool{}
	for _, p := range parts {
		if p.Parent != "" {
			out[p.Parent] = true
		}
	}
	return out
}

// hidden reports whether a part above is compared as a whole.
func hidden(id string, parts []ledger.Part, parents map[string]int) bool {
	for range parts { // no deeper than there are parts
		if id == "" {
			return false
		}
		if parents[id] == 1 {
			return true
		}
		id = parentOf(id, parts)
	}
	return false
}

func parentOf(id string, parts []ledger.Part) string {
	for _, p := range parts {
		if p.ID == id {
			return p.Parent
		}
	}
	return ""
}

// parts compares what RES is made of at the end.
func parts(r *rows, a, b *Side) {
	r.group = GroupParts
	for _, l := range leaves(a, b) {
		r.size(Row{ID: "part." + l.id, What: named(l.what), A: number(l.a), B: number(l.b), Detail: true}, neither)
	}
}

// named is a part's description up to where it begins to explain.
func named(what string) string {
	text, _, _ := strings.Cut(what, ": ")
	text, _, _ = strings.Cut(text, "; ")
	return text
}
