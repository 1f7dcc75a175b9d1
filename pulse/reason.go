package pulse

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// reason is why a connection failed or was lost, in words that people count by.
type reason string

const (
	refused  reason = "refused"
	timedOut reason = "timed out"
	reset    reason = "reset"
	noPort   reason = "without a free local port"
	noFile   reason = "with too many open files"
	noRoute  reason = "unreachable"
	closed   reason = "closed by the peer"
	silent   reason = "without an answer"
	misheard reason = "answered with something else"
	other    reason = "failed otherwise"
)

// reasonOf sorts the error of a dial, or of the wait for its answer. The set of reasons is bounded: an error
// number that has no name here keeps its own text, all else is other.
func reasonOf(err error) reason {
	switch {
	case errors.Is(err, errSilent):
		return silent
	case errors.Is(err, errMisheard):
		return misheard
	case errors.Is(err, io.EOF):
		return closed
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return timedOut
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return other
	}
	switch errno {
	case 0:
		return other
	case syscall.ECONNREFUSED:
		return refused
	case syscall.ECONNRESET:
		return reset
	case syscall.EADDRNOTAVAIL, syscall.EADDRINUSE:
		return noPort
	case syscall.EMFILE, syscall.ENFILE:
		return noFile
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH:
		return noRoute
	}
	return reason(errno.Error())
}

// isInterrupt tells a dial that was given up because the run ends: no failure.
func isInterrupt(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil
}

// tally counts by reason.
type tally map[reason]int

func (t tally) add(from tally) {
	for why, n := range from {
		t[why] += n
	}
}

func (t tally) sum() int {
	sum := 0
	for _, n := range t {
		sum += n
	}
	return sum
}

// list names the counts, biggest first: "3 timed out, 1 reset".
func (t tally) list() string {
	reasons := slices.SortedFunc(maps.Keys(t), func(a, b reason) int {
		if t[a] != t[b] {
			return t[b] - t[a]
		}
		return strings.Compare(string(a), string(b))
	})
	parts := make([]string, 0, len(reasons))
	for _, why := range reasons {
		parts = append(parts, strconv.Itoa(t[why])+" "+string(why))
	}
	return strings.Join(parts, ", ")
}
