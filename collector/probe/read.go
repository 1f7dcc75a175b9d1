package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a report that is read.
const (
	maxReport = 1 << 20 // bytes
	maxCases  = 256
	maxTexts  = 64
	maxText   = 2000 // bytes of one text
)

// Read reads what whyres probe --json printed. Files come from anywhere: their size
// and counts are bounded, and their texts are whatever somebody wrote into them.
func Read(r io.Reader) (*Report, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxReport {
		return nil, fmt.Errorf("more than %d KiB: not what whyres probe --json prints", maxReport>>10)
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("not what whyres probe --json prints: %w", err)
	}
	return &report, report.check()
}

func (r *Report) check() error {
	name, _, _ := strings.Cut(Schema, "/1")
	switch {
	case r.Schema == "":
		return errors.New("not what whyres probe --json prints: it names no schema")
	case r.Schema != Schema && strings.HasPrefix(r.Schema, name+"/"):
		return fmt.Errorf("it is of the schema %.40q, this whyres reads %s: use the whyres that wrote it", r.Schema, Schema)
	case r.Schema != Schema:
		return fmt.Errorf("it is of the schema %.40q, want %s", r.Schema, Schema)
	case len(r.Cases) > maxCases:
		return fmt.Errorf("%d cases, want %d at most", len(r.Cases), maxCases)
	case len(r.Missing) > maxTexts || len(r.Warnings) > maxTexts || len(r.Settings) > maxTexts:
		return fmt.Errorf("more than %d notes of a kind", maxTexts)
	}
	seen := map[string]bool{}
	for i := range r.Cases {
		c := &r.Cases[i]
		if err := c.check(); err != nil {
			return fmt.Errorf("case %d: %w", i+1, err)
		}
		if seen[c.ID] {
			return fmt.Errorf("the case %.40q is there twice", c.ID)
		}
		seen[c.ID] = true
	}
	return nil
}

// largest is more than any case has, and small enough to be added up.
const largest = 1 << 50

// check refuses numbers that cannot be, and texts too long to show.
func (r *Result) check() error {
	switch {
	case r.ID == "" || r.Verdict == "":
		return errors.New("no id, or no verdict")
	case len(r.ID)+len(r.Call)+len(r.Advice)+len(r.Pages)+len(r.Errno)+len(r.Verdict) > maxText || len(r.Unknown) > maxText:
		return errors.New("a text is too long")
	}
	numbers := []int64{r.Size, r.Asked, r.RSSBefore, r.CallNS, r.NSPerMiB, r.LaterNS, int64(r.Runs)}
	if r.RefaultNSPerMiB != nil {
		numbers = append(numbers, *r.RefaultNSPerMiB)
	}
	for _, n := range numbers {
		if n < 0 || n > largest {
			return fmt.Errorf("a number of %d", n)
		}
	}
	changes := []int64{r.RSSChange, r.LazyFreeChange, r.THPChange}
	for _, n := range []*int64{r.ToAllocator, r.LaterRSSChange} {
		if n != nil {
			changes = append(changes, *n)
		}
	}
	for _, n := range changes {
		if n < -largest || n > largest {
			return fmt.Errorf("a change of %d", n)
		}
	}
	return nil
}
