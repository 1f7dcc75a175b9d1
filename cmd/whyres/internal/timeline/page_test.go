package timeline

import (
	"bytes"
	"testing"

	"whyres/collector/explain/causes"
)

// somePage is a page with a paragraph longer than a line, lists of one and of
// more, and no sources.
func somePage() *causes.Cause {
	return &causes.Cause{ID: "some-cause", Page: causes.Page{
		What:      "memory stays for some reason",
		Mechanism: "The runtime keeps 12.0 MiB of it for a while, since it may be used again soon, and since to give it back and to take it again costs time: that is a paragraph which no line holds.",
		Proof:     "The page join shows it.",
		Remedy:    []string{"wait for the next GC", "call debug.FreeOSMemory(), which collects garbage and gives back all that is free at once, at the price of a GC"},
		Versions:  "All.",
		Sources:   []string{"runtime.sysUnused (mem_linux.go)"},
	}}
}

func TestPageGolden(t *testing.T) {
	for name, o := range map[string]Options{
		"page-80": {Width: 80}, "page-120-color": {Width: 120, Color: true}, "page-pipe": {},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Page(&out, o, somePage()); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.String())
		})
	}
}

func TestPagesGolden(t *testing.T) {
	var out bytes.Buffer
	if err := Pages(&out, Options{Width: 80}, []causes.Cause{*somePage(), {ID: "x", Page: causes.Page{What: "another"}}}); err != nil {
		t.Fatal(err)
	}
	golden(t, "pages-80", out.String())
}
