package doctor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// swap: what is swapped out has left RES, but is held all the same.
func (h *Host) swap() Check {
	const id = "swap"
	text, err := h.read("proc/meminfo")
	if err != nil {
		return unknown(id, "proc/meminfo cannot be read", "")
	}
	kib, err := strconv.ParseUint(strings.TrimSuffix(statusLine(text, "SwapTotal"), " kB"), 10, 64)
	switch {
	case err != nil:
		return unknown(id, "proc/meminfo tells no SwapTotal", "")
	case kib == 0:
		return info(id, "none", "anonymous memory leaves RES only when it is released")
	}
	return info(id, strconv.FormatUint(kib/1024, 10)+" MiB", "RES can fall although nothing was released: whyres counts swapped memory apart")
}

// reclaim looks for what takes memory without need or call: DAMON.
func (h *Host) reclaim() Check {
	const id = "proactive_reclaim"
	var found []string
	for _, module := range []string{"damon_reclaim", "damon_lru_sort"} {
		if text, _ := h.read("sys/module/" + module + "/parameters/enabled"); text == "Y" {
			found = append(found, module)
		}
	}
	running, _ := filepath.Glob(filepath.Join(h.Sys, "kernel/mm/damon/admin/kdamonds/*/state"))
	for _, state := range running {
		if text, err := os.ReadFile(state); err == nil && strings.TrimSpace(string(text)) == "on" {
			found = append(found, "DAMON")
			break
		}
	}
	if len(found) == 0 && h.hasThread("kdamond") {
		found = append(found, "DAMON (a kdamond thread runs)")
	}
	if len(found) == 0 {
		return ok(id, "none that can be seen")
	}
	return info(id, strings.Join(found, ", "), "cold pages may leave RES without any call of the process")
}

// hasThread looks for a kernel thread by the beginning of its name.
func (h *Host) hasThread(name string) bool {
	names, _ := filepath.Glob(filepath.Join(h.Proc, "[0-9]*", "comm"))
	for _, comm := range names {
		if text, err := os.ReadFile(comm); err == nil && strings.HasPrefix(string(text), name) {
			return true
		}
	}
	return false
}
