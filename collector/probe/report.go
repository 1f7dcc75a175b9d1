package probe

import (
	"time"

	"whyres/collector/mem"
)

// Schema is the report's name and version.
const Schema = "whyres/probe/1"

// Report is what whyres probe --json prints: one kernel's answers.
type Report struct {
	Schema string    `json:"schema"`
	Tool   string    `json:"tool,omitempty"`
	Time   time.Time `json:"time"`
	Host   mem.Host  `json:"host"`
	// Settings are the system settings that were changed for some of the cases
	// and put back; empty without --allow-settings.
	Settings []Setting `json:"settings,omitempty"`
	// Allocator says what ToAllocator was read from: "mm_page_free", or "" where
	// it could not be, and Missing says why.
	Allocator string   `json:"allocator,omitempty"`
	Missing   []string `json:"missing,omitempty"`
	Cases     []Result `json:"cases"`
	Warnings  []string `json:"warnings,omitempty"`
}

// Setting is a file below /sys that was written, and what stood there before.
type Setting struct {
	Path string `json:"path"`
	From string `json:"from"`
	To   string `json:"to"`
	// Restored: the old value was read back at the end.
	Restored bool `json:"restored"`
}

// Result is what one case showed. Sizes and changes are bytes, a change is
// negative where memory left. All are of the median run by CallNS.
type Result struct {
	ID string `json:"id"`
	// Call, Advice and Pages repeat the catalogue: what was called, and what kind
	// of pages the memory was made of: "4k", "64k", "2m" (the names stay whatever
	// the host's page size).
	Call   mem.Call `json:"call"`
	Advice string   `json:"advice,omitempty"`
	Pages  string   `json:"pages"`
	// Size is the memory that was made, Asked what the call covered of it.
	Size  int64  `json:"size"`
	Asked int64  `json:"asked"`
	Ret   int64  `json:"ret"`
	Errno string `json:"errno"`
	// Supported is what the kernel says of the advice itself, by the same call on
	// no memory (madvise(2): "madvise(0, 0, advice) will return zero iff advice is
	// supported"); nil where that was not asked.
	Supported *bool `json:"supported,omitempty"`
	// RSSBefore is the resident part of the memory before the call, RSSChange
	// what the call (with the write after it, in cases that have one) did to the
	// process's RES: the sum of Rss in /proc/self/smaps over the mappings of this
	// memory, which counts their page tables and is exact.
	RSSBefore int64 `json:"rss_before"`
	RSSChange int64 `json:"rss_change"`
	// ToAllocator is what the kernel's page allocator got during the call; nil
	// where that could not be seen. It is of one more run, after the others: to
	// count pages slows a call down, which would show in CallNS.
	ToAllocator    *int64 `json:"to_allocator"`
	LazyFreeChange int64  `json:"lazyfree_change"`
	THPChange      int64  `json:"thp_change"`
	// LaterRSSChange is what RES did after the call by itself, within LaterNS:
	// khugepaged; nil in cases that do not wait. The wait ends when all is back.
	LaterRSSChange *int64 `json:"later_rss_change,omitempty"`
	LaterNS        int64  `json:"later_ns,omitempty"`
	// CallNS is how long the call took; NSPerMiB the same a MiB asked; RefaultNSPerMiB
	// how long it took to touch the memory again, a MiB; nil where nothing left, and
	// where what came back are pages of another kind (huge for small, or small for
	// huge).
	CallNS          int64  `json:"call_ns"`
	NSPerMiB        int64  `json:"ns_per_mib"`
	RefaultNSPerMiB *int64 `json:"refault_ns_per_mib"`
	Runs            int    `json:"runs"`

	Verdict Verdict `json:"verdict"`
	// Unknown says why the case could not be measured here, and what would help;
	// "" where it was.
	Unknown string `json:"unknown,omitempty"`
}

// Verdict is what a case comes to, in one word.
type Verdict string

// The verdicts.
const (
	// Freed: what was asked left RES, and the allocator got it. Where
	// Result.ToAllocator is nil nobody saw the allocator: then this says only that it
	// left RES, and it may be LeftRES, or Partly, in truth. Report.Missing says why.
	Freed Verdict = "freed"
	// LeftRES: it left RES, and the allocator got next to nothing: RES falls, no
	// memory returns.
	LeftRES Verdict = "left-res-only"
	// Lazy: RES stays, the pages are lazily freed: the kernel takes them when it
	// needs memory.
	Lazy Verdict = "lazy"
	// FreedWithError: the call failed, and all that was mapped left nevertheless.
	FreedWithError Verdict = "freed-with-error"
	// CameBack: it left RES and part of it came back without a touch.
	CameBack Verdict = "came-back"
	// Refused: the call failed and nothing changed.
	Refused Verdict = "refused"
	// Unsupported: the kernel does not know this advice (EINVAL, or ENOSYS).
	Unsupported Verdict = "unsupported"
	// Split: RES stays, huge pages became small ones.
	Split Verdict = "split"
	// Grew: RES rose.
	Grew Verdict = "grew"
	// NoEffect: the call succeeded, and nothing that is measured changed.
	NoEffect Verdict = "no-effect"
	// Merged: RES stays, small pages became huge ones.
	Merged Verdict = "merged"
	// Partly: some of what was asked left RES, not all; or all did and the
	// allocator got some of it, not all.
	Partly Verdict = "partly"
	// NotMeasured: Result.Unknown says why.
	NotMeasured Verdict = "unknown"
)
