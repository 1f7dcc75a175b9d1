package causes

import (
	"regexp"
	"testing"
)

// Each page says all that a page says, in whole sentences.
func TestPages(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All() {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(c.ID) || seen[c.ID] {
			t.Errorf("%q is no short kebab-case name of its own", c.ID)
		}
		seen[c.ID] = true
		p := c.Page
		for what, text := range map[string]string{"mechanism": p.Mechanism, "proof": p.Proof, "versions": p.Versions} {
			if !regexp.MustCompile(`(?s)^\S.{2,}\.$`).MatchString(text) {
				t.Errorf("%s: its %s is no sentence: %q", c.ID, what, text)
			}
		}
		if !regexp.MustCompile(`^\S.{10,150}[^.]$`).MatchString(p.What) {
			t.Errorf("%s: what it is, is one sentence without a full stop: %q", c.ID, p.What)
		}
		if len(p.Remedy) == 0 || len(p.Sources) == 0 {
			t.Errorf("%s: no remedy, or no sources", c.ID)
		}
		if c.Find == nil && !regexp.MustCompile(`cannot|can not|nothing (that )?.*shows`).MatchString(p.Proof) {
			t.Errorf("%s is never found, and does not say why: %q", c.ID, p.Proof)
		}
	}
}
