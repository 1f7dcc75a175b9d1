package kernel

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"

	"whyres/collector/mem"
)

// What is read of an environment: the process can make it as long as it likes,
// the kernel lets it start with 6 MiB at most.
const (
	maxEnviron = 8 << 20
	maxEnvText = 1 << 10
)

// Environ is those of the variables that the process was started with
// (/proc/PID/environ). Values are whatever the process, or who started it, put
// there; one longer than a KiB is cut. Of a name that is there twice the first
// counts, as for Go (syscall.copyenv) and glibc. It may be read by who may trace
// the process. Of GODEBUG only the settings of mem.GodebugNames are told.
func (p *Process) Environ(names []string) (map[string]string, error) {
	f, err := p.open("environ")
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, maxEnviron))
	if err != nil {
		return nil, problem(p.path("environ"), err)
	}
	return pickEnviron(text, names), nil
}

// pickEnviron reads "NAME=value" ended by NULs; nil where none is wanted.
func pickEnviron(text []byte, names []string) map[string]string {
	var out map[string]string
	for entry := range bytes.SplitSeq(text, []byte{0}) {
		for _, name := range names {
			rest, found := bytes.CutPrefix(entry, []byte(name))
			if !found || len(rest) == 0 || rest[0] != '=' {
				continue
			}
			if _, seen := out[name]; seen {
				continue
			}
			if out == nil {
				out = map[string]string{}
			}
			out[name] = envValue(name, rest[1:])
		}
	}
	return out
}

func envValue(name string, text []byte) string {
	if name == "GODEBUG" {
		text = settings(text)
	}
	return strings.ToValidUTF8(string(text[:min(len(text), maxEnvText)]), "\ufffd")
}

// settings are those of GODEBUG that say how memory is kept, in their order: the
// rest may hold anything, secrets too. The runtime takes whole numbers alone
// (runtime.parsegodebug).
func settings(godebug []byte) []byte {
	var kept [][]byte
	for setting := range bytes.SplitSeq(godebug, []byte{','}) {
		name, value, _ := bytes.Cut(setting, []byte{'='})
		if !slices.Contains(mem.GodebugNames(), string(name)) {
			continue
		}
		if _, err := strconv.ParseInt(string(value), 10, 32); err == nil {
			kept = append(kept, setting)
		}
	}
	return bytes.Join(kept, []byte{','})
}
