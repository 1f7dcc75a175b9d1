package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/goruntime"
)

// completeWithin bounds how long a press of the tab key may take.
const completeWithin = 300 * time.Millisecond

// completePID offers the Go processes whose program this user may read.
func completePID(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	const how = cobra.ShellCompDirectiveNoFileComp
	entries, err := os.ReadDir(procfs)
	if err != nil {
		return nil, how
	}
	var out []string
	until := time.Now().Add(completeWithin)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || !strings.HasPrefix(e.Name(), typed) || !isGo(pid) {
			continue
		}
		comm, _ := os.ReadFile(filepath.Join(procfs, e.Name(), "comm"))
		out = append(out, fmt.Sprintf("%d\t%s", pid, timeline.Clean(strings.TrimSpace(string(comm)), 40)))
		if time.Now().After(until) {
			break
		}
	}
	return out, how
}

// isGo looks at the names of the program's sections alone, which is quick.
func isGo(pid int) bool {
	f, err := os.Open(filepath.Join(procfs, strconv.Itoa(pid), "exe"))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	return goruntime.IsGoFile(f)
}
