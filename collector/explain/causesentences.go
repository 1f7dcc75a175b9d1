package explain

import (
	"fmt"
	"strings"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
)

// causeSentences tell of each cause that is more than possible, in the verdict's
// order; where none holds a part of RES, that the process is healthy, if all was
// looked at.
func causeSentences(v *Verdict) (out []string) {
	holds := false
	for i := range v.Causes {
		if c := &v.Causes[i]; c.Confidence != causes.Possible && c.Says != "" {
			out = append(out, causeSentence(v, c))
			holds = holds || c.Bytes > 0
		}
	}
	if !holds && v.lookedAtAll() {
		out = append([]string{healthySentence(v)}, out...)
	}
	return out
}

// healthySentence names what is only possible: from outside it looks the same
// whether the program wants it or not.
func healthySentence(v *Verdict) string {
	var held []string
	for i := range v.Causes {
		if c := &v.Causes[i]; c.Bytes > 0 {
			held = append(held, ledger.Size(c.Bytes)+" of "+c.ID)
		}
	}
	if len(held) == 0 && v.Ended {
		return "Nothing kept RES up then that the program did not use."
	}
	if v.Ended {
		return "Nothing kept RES up then, unless the program did not want what it held, which only its owner knows: " + strings.Join(held, ", ") + "."
	}
	if len(held) == 0 {
		return "Healthy: nothing keeps RES up that the program does not use."
	}
	return "Healthy, unless the program does not want what it holds, which only its owner knows: " + strings.Join(held, ", ") + "."
}

// causeSentence begins with what the cause holds; one that holds nothing by
// itself costs something else, and its sentence tells what.
func causeSentence(v *Verdict, c *Cause) string {
	sure := " [" + c.ID + ", " + string(c.Confidence) + "]."
	var held string
	switch {
	case c.Bytes > 0:
		held = fmt.Sprintf("%s (%d %% of RES)", ledger.Size(c.Bytes), percent(c.Bytes, v.RES))
	case c.Beside > 0:
		held = ledger.Size(c.Beside)
	default:
		return "No memory of its own, but a cost: " + c.What + sure
	}
	if c.Confidence == causes.Likely {
		held += ", likely,"
	}
	text := held + " " + c.Says + sure
	if v.Ended {
		return past(text)
	}
	return text
}

// lookedAtAll: the Go runtime and its pages were read, so that there is no cause
// that only nobody looked for.
func (v *Verdict) lookedAtAll() bool {
	return v.MemStats.Source == "memory" && v.Pages != nil && len(v.Ledger) > 0 && v.leaf(ledger.HeapUndivided) == 0
}

// told is how much of a part the causes tell of that are more than possible.
func (v *Verdict) told(id string) (bytes int64) {
	for i := range v.Causes {
		if v.Causes[i].Confidence == causes.Possible {
			continue
		}
		for _, t := range v.Causes[i].Takes {
			if t.Leaf == id || strings.HasPrefix(t.Leaf, id+".") {
				bytes += t.Bytes
			}
		}
	}
	return bytes
}
