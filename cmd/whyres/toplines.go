package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"whyres/collector"
	"whyres/collector/discover"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/summary"
)

// What --sort takes.
const (
	sortBack = "back"
	sortRES  = "res"
	sortLive = "live"
	sortPID  = "pid"
	sortName = "name"
)

// topLine is a process that was seen, in short.
type topLine struct {
	*discover.Seen
	summary.Line
}

// topLines sums the processes up, and sorts them.
func topLines(s *discover.Survey, by string, host mem.Host) []topLine {
	lines := make([]topLine, len(s.Seen))
	for i := range s.Seen {
		seen := &s.Seen[i]
		lines[i] = topLine{seen, summary.Of(&seen.Sample, seen.Process)}
		lines[i].Judge(&seen.Sample, seen.Process, host)
	}
	slices.SortStableFunc(lines, func(a, b topLine) int {
		switch by {
		case sortBack:
			return cmp.Or(largestFirst(a.GoesBack, b.GoesBack), cmp.Compare(b.RES, a.RES))
		case sortRES:
			return cmp.Compare(b.RES, a.RES)
		case sortLive:
			return cmp.Or(largestFirst(a.Live, b.Live), cmp.Compare(b.RES, a.RES))
		case sortName:
			return strings.Compare(a.Process.Comm, b.Process.Comm)
		}
		return cmp.Compare(a.Process.PID, b.Process.PID)
	})
	return lines
}

// largestFirst puts what is not known last.
func largestFirst(a, b summary.Size) int {
	if a.Known != b.Known {
		if a.Known {
			return -1
		}
		return 1
	}
	return cmp.Compare(b.Bytes, a.Bytes)
}

// topNotes say what the table does not show, and what to do about it.
func topNotes(s *discover.Survey, lines []topLine) []string {
	var notes []string
	if n := len(s.Unread); n > 0 {
		notes = append(notes, fmt.Sprintf("%d more Go %s could not be read: %s", n, processes(n), strings.Join(whyUnread(s.Unread), ", ")))
	}
	if s.Hidden > 0 {
		whose := "of other users"
		if os.Geteuid() == 0 {
			whose = "of the host"
		}
		notes = append(notes, fmt.Sprintf("%d %s %s, Go or not, would not tell what runs there: %s", s.Hidden, processes(s.Hidden), whose, moreRights()))
	}
	if n := tooLarge(lines); n > 0 {
		notes = append(notes, fmt.Sprintf("%d large %s not looked at in full, to keep to the time: whyres explain -p PID does", n, plural(n, "heap was", "heaps were")))
	}
	return notes
}

// tooLarge counts the processes that did not fit into the time.
func tooLarge(lines []topLine) (n int) {
	for _, l := range lines {
		if !l.Sample.Full() {
			n++
		}
	}
	return n
}

func processes(n int) string { return plural(n, "process", "processes") }

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// whyUnread counts the reasons, the most common first.
func whyUnread(unread []discover.Unread) []string {
	counts := map[string]int{}
	for _, u := range unread {
		counts[unreadReason(u.Err)]++
	}
	reasons := make([]string, 0, len(counts))
	for reason := range counts {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	for i, reason := range reasons {
		if len(reasons) == 1 {
			break
		}
		reasons[i] = fmt.Sprintf("%d %s", counts[reason], reason)
	}
	return reasons
}

// unreadReason is why a Go process could not be read, in a few words.
func unreadReason(err error) string {
	switch {
	case errors.Is(err, goruntime.ErrNoPermission), errors.Is(err, kernel.ErrNoPermission):
		return "not permitted (" + moreRights() + ")"
	case errors.Is(err, collector.ErrGone), errors.Is(err, goruntime.ErrGone), errors.Is(err, kernel.ErrGone):
		return "ended meanwhile"
	case errors.Is(err, goruntime.ErrTooOld):
		return "of too old a Go version"
	case errors.Is(err, goruntime.ErrNoSymbols):
		return "stripped"
	case errors.Is(err, goruntime.ErrNoLayout):
		return "of a Go version whose layout is not known"
	case errors.Is(err, goruntime.ErrDamaged):
		return "of another kind of ELF file"
	case errors.Is(err, goruntime.ErrUnmapped), errors.Is(err, goruntime.ErrMismatch):
		return "starting, ending, or not as its version says"
	}
	return "failed (whyres top --json tells)"
}

// moreRights is what to do where this user may not read a process.
func moreRights() string {
	if os.Geteuid() == 0 {
		return "root lacks a capability here, CAP_SYS_PTRACE or one that the process has: see whyres doctor"
	}
	return "run with sudo"
}
