package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"whyres/collector/kernel"
)

// Host is where the checks look.
type Host struct {
	// Proc and Sys are the roots of procfs and sysfs.
	Proc, Sys string
	// Release and Arch are the kernel's, as uname and Go name them.
	Release, Arch string
	// PID is whyres's own; Exe its program, for remedies.
	PID int
	Exe string
	// Root: whyres runs as root.
	Root bool
	Try  Tries
}

// Tries are what cannot be read from a file.
type Tries struct {
	// Trace loads the eBPF program, attaches it in that way for a moment, and
	// says what it will not see.
	Trace func(attach string) (lacks []string, err error)
	// NameMemory gives memory of whyres's own a name (PR_SET_VMA_ANON_NAME).
	NameMemory func() error
	// ReadMemory reads whyres's own memory as that of a target is read.
	ReadMemory func() error
	// Residency tells how resident pages of whyres's own are told.
	Residency func() (kernel.Way, error)
}

// Checks are all of the host's, those that matter most first.
func (h *Host) Checks() []Check {
	var out []Check
	out = append(out, h.kernelRelease(), h.pidNamespace(), h.btf())
	out = append(out, h.program()...)
	out = append(out, h.tracefs(), h.lockdown())
	out = append(out, h.capabilities()...)
	out = append(out, h.yama(), h.seccomp(), h.readMemory(), h.residency(), h.pageFlags(), h.names())
	out = append(out, h.hugePages()...)
	return append(out, h.swap(), h.reclaim())
}

// read is a small file's text without the space around it. Names begin with
// proc or sys.
func (h *Host) read(name string) (string, error) {
	root, rest, _ := strings.Cut(name, "/")
	switch root {
	case "proc":
		root = h.Proc
	case "sys":
		root = h.Sys
	}
	text, err := os.ReadFile(filepath.Join(root, rest))
	return strings.TrimSpace(string(text[:min(len(text), maxFile)])), err
}

// maxFile bounds what is kept of a file.
const maxFile = 64 << 10

// own is the value of a line of whyres's own status file.
func (h *Host) own(key string) (string, error) {
	text, err := h.read("proc/" + strconv.Itoa(h.PID) + "/status")
	if err != nil {
		return "", err
	}
	return statusLine(text, key), nil
}

// statusLine is the value of a "Key:\tvalue" line, "" if there is none.
func statusLine(text, key string) string {
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, key+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// chosen is the word in brackets of a list: "always [madvise] never".
func chosen(list string) string {
	_, rest, _ := strings.Cut(list, "[")
	word, _, found := strings.Cut(rest, "]")
	if !found {
		return ""
	}
	return word
}
