package diff

import (
	"fmt"
	"strconv"
	"strings"

	"whyres/collector/explain"
)

// failures compares the calls that failed, by their errno.
func failures(r *rows, a, b *Side) {
	type failed struct{ call, advice, errno string }
	count := map[failed][2]uint64{}
	var order []failed
	for side, list := range [...][]explain.Failed{a.Verdict.Failed, b.Verdict.Failed} {
		for _, f := range list {
			k := failed{string(f.Call), f.Advice, f.Errno}
			n, known := count[k]
			if !known {
				order = append(order, k)
			}
			n[side] += f.Calls
			count[k] = n
		}
	}
	for _, k := range order {
		name := k.call
		if k.advice != "" {
			name = k.advice
		}
		r.count(Row{
			ID: "failed." + k.call + "." + k.advice + "." + k.errno, What: name + " failed: " + k.errno,
			A: unsigned(count[k][0]), B: unsigned(count[k][1]), Why: whyFailed(failing(a, b, count[k]), k.advice, k.errno),
		}, less)
	}
}

// failing are the sides that have such failures.
func failing(a, b *Side, calls [2]uint64) []*Side {
	var out []*Side
	for i, s := range [...]*Side{a, b} {
		if calls[i] > 0 {
			out = append(out, s)
		}
	}
	return out
}

// whyFailed: a kernel that does not know an advice says EINVAL.
func whyFailed(sides []*Side, advice, errno string) string {
	major, minor, known := advisedSince(advice)
	if errno != "EINVAL" || !known {
		return ""
	}
	for _, s := range sides {
		x, y, ok := kernelVersion(s.Header.Host.Kernel)
		if ok && (x < major || x == major && y < minor) {
			return fmt.Sprintf("Linux %d.%d does not know %s, which came with %d.%d", x, y, advice, major, minor)
		}
	}
	return ""
}

// advisedSince is the kernel release that first had an advice
// (include/uapi/asm-generic/mman-common.h and its history).
func advisedSince(advice string) (major, minor int, known bool) {
	switch advice {
	case "MADV_COLD", "MADV_PAGEOUT":
		return 5, 4, true
	case "MADV_POPULATE_READ", "MADV_POPULATE_WRITE":
		return 5, 14, true
	case "MADV_DONTNEED_LOCKED":
		return 5, 18, true
	case "MADV_COLLAPSE":
		return 6, 1, true
	case "MADV_GUARD_INSTALL", "MADV_GUARD_REMOVE":
		return 6, 13, true
	}
	return 0, 0, false
}

// kernelVersion is the first two numbers of a release ("5.10.0-28-amd64").
func kernelVersion(release string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(release, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	major, err := strconv.Atoi(first)
	if err != nil {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(rest)
	return major, minor, err == nil
}
