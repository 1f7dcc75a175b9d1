package kernel

import (
	"bytes"
	"io"
	"strings"
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
// the process.
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
			out[name] = strings.ToValidUTF8(string(rest[1:min(len(rest), maxEnvText+1)]), "\ufffd")
		}
	}
	return out
}
