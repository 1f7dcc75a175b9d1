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
		if time.Now().After(until) {
			break
		}
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || !strings.HasPrefix(e.Name(), typed) || !goruntime.LooksGo(procfs, pid) {
			continue
		}
		comm, _ := os.ReadFile(filepath.Join(procfs, e.Name(), "comm"))
		out = append(out, fmt.Sprintf("%d\t%s", pid, timeline.Clean(strings.TrimSpace(string(comm)), 40)))
	}
	return out, how
}
