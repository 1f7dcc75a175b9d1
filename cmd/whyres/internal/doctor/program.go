package doctor

import (
	"errors"
	"strings"

	"whyres/bpf"
)

// program tries the eBPF program in both ways of seeing calls. Each way is
// attached for a moment, and follows no process.
func (h *Host) program() []Check {
	functionsLack, functionsErr := h.Try.Trace(string(bpf.AttachFunctions))
	rawLack, rawErr := h.Try.Trace(string(bpf.AttachRaw))
	const load, attach = "bpf", "attach"
	lacks := functionsLack
	var out []Check
	switch {
	case functionsErr == nil:
		out = append(out, ok(load, "the eBPF program loads"),
			ok(attach, "to functions (fentry): only the calls of interest pay"))
	case rawErr == nil:
		lacks = rawLack
		out = append(out, ok(load, "the eBPF program loads"),
			info(attach, "to raw tracepoints; not to functions (fentry)",
				"while a trace runs, every system call of the host takes some nanoseconds longer").
				do("boot Linux 6.12 or newer built with CONFIG_KPROBES=y and CONFIG_FUNCTION_TRACER=y"))
	case errors.Is(rawErr, bpf.ErrPrivilege):
		out = append(out, missing(load, "not permitted to load the eBPF program", "nothing can be traced", h.elevate()).neededFor(forTrace))
	default:
		out = append(out, missing(load, oneLine(rawErr), "nothing can be traced", remedyOf(rawErr)).neededFor(forTrace))
	}
	if len(lacks) > 0 {
		out = append(out, info("trace_lacks", strings.Join(lacks, "; "), "a trace goes without that, and says so"))
	}
	return out
}

// remedyOf is what to do about a program that does not load.
func remedyOf(err error) string {
	if errors.Is(err, bpf.ErrUnsupported) {
		return "boot Linux 5.10 or newer built with CONFIG_BPF_SYSCALL=y and CONFIG_DEBUG_INFO_BTF=y"
	}
	return "report this with the output of: whyres doctor --json"
}

// oneLine is an error's text without its line ends.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
