package diff

import (
	"fmt"

	"whyres/collector/ledger"
	"whyres/collector/probe"
)

// halfSeen: only one of the reports saw what the page allocator got, and the verdict
// is one of those that this decides (probe.Freed stands also where it was not seen).
func halfSeen(a, b *probe.Result) bool {
	blind, seen := a, b
	if b.ToAllocator == nil {
		blind, seen = b, a
	}
	if blind.ToAllocator != nil || seen.ToAllocator == nil || blind.Verdict != probe.Freed {
		return false
	}
	return seen.Verdict == probe.Freed || seen.Verdict == probe.LeftRES || seen.Verdict == probe.Partly
}

// blindness says which report could not see the page allocator, what is not
// compared for that, and why; and what else a report warns of.
func blindness(a, b *Probe, x, y map[string]*probe.Result) []string {
	n := 0
	for id, p := range x {
		if q := y[id]; q != nil && halfSeen(p, q) {
			n++
		}
	}
	var out []string
	for _, s := range [...]struct {
		name string
		*probe.Report
	}{{"A", &a.Report}, {"B", &b.Report}} {
		said := s.name + " does not tell: "
		if s.Allocator == "" && n > 0 {
			out = append(out, fmt.Sprintf("%s could not see what the page allocator got: of %s only RES is compared, not whether the memory was freed",
				s.name, counted(n, "case", "cases")))
		}
		for _, missing := range s.Missing {
			out = append(out, said+missing)
		}
		for _, warning := range s.Warnings {
			out = append(out, s.name+" warns: "+warning)
		}
	}
	return out
}

// whyVerdict says what could not be measured, or the numbers of which the verdicts
// are made.
func whyVerdict(a, b *probe.Result) string {
	if why := whyUnknown(a, b); why != "" {
		return why
	}
	return "A: " + numbers(a) + "; B: " + numbers(b)
}

// numbers are what a verdict is made of: the errno, the change of RES, and what the
// kernel's page allocator got of it.
func numbers(c *probe.Result) string {
	said := "RES " + changed(c.RSSChange)
	if c.Errno != "" {
		said = c.Errno + ", " + said
	}
	if c.ToAllocator != nil && c.RSSChange < 0 {
		said += ", kernel got " + ledger.Size(*c.ToAllocator)
	}
	if later := c.LaterRSSChange; later != nil && *later != 0 {
		said += ", then " + changed(*later)
	}
	if c.LazyFreeChange != 0 {
		said += ", lazily freed " + changed(c.LazyFreeChange)
	}
	if c.THPChange != 0 && c.RSSChange >= 0 {
		said += ", huge pages " + changed(c.THPChange)
	}
	return said
}

// changed is by how much RES changed.
func changed(bytes int64) string {
	switch {
	case bytes == 0:
		return "the same"
	case bytes > 0:
		return "+" + ledger.Size(bytes)
	}
	return ledger.Size(bytes)
}

func answer(c *probe.Result) string {
	if c.Errno == "" {
		return "ok"
	}
	return c.Errno
}

func whyUnknown(a, b *probe.Result) string {
	if a.Unknown != "" {
		return "A: " + a.Unknown
	}
	if b.Unknown != "" {
		return "B: " + b.Unknown
	}
	return ""
}
