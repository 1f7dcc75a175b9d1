package explain

import (
	"fmt"
	"strings"

	"whyres/collector/explain/causes"
	"whyres/collector/ledger"
)

// causeSentences tell of each cause that is more than possible, in the verdict's
// order; where there is none, that the process is healthy, if all was looked at.
func causeSentences(v *Verdict) (out []string) {
	for i := range v.Causes {
		if c := &v.Causes[i]; c.Confidence != causes.Possible && c.Says != "" {
			out = append(out, causeSentence(v, c))
		}
	}
	if len(out) == 0 && v.lookedAtAll() {
		return []string{"Healthy: nothing keeps RES up that the program does not use."}
	}
	return out
}

func causeSentence(v *Verdict, c *Cause) string {
	size := fmt.Sprintf("%s (%d %% of RES)", ledger.Size(c.Bytes), percent(c.Bytes, v.RES))
	if c.Bytes == 0 {
		size = ledger.Size(c.Beside) + " beside RES"
	}
	text := size + " " + c.Says
	if c.Confidence == causes.Likely {
		text = size + " likely " + c.Says
	}
	return text + " [" + c.ID + ", " + string(c.Confidence) + "]."
}

// lookedAtAll: the Go runtime and its pages were read, so that there is no cause
// that only nobody looked for.
func (v *Verdict) lookedAtAll() bool {
	return v.MemStats.Source == "memory" && v.Pages != nil && len(v.Ledger) > 0 && v.leaf(ledger.HeapUndivided) == 0
}

// toldByCause: a cause that is more than possible tells of most of the part.
func toldByCause(v *Verdict, part ledger.Part) bool {
	var taken int64
	for i := range v.Causes {
		if v.Causes[i].Confidence == causes.Possible {
			continue
		}
		for _, t := range v.Causes[i].Takes {
			if t.Leaf == part.ID || strings.HasPrefix(t.Leaf, part.ID+".") {
				taken += t.Bytes
			}
		}
	}
	return 2*taken > part.Bytes
}
