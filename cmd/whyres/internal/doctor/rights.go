package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// capability is one that whyres has a use for.
type capability struct {
	bit  uint
	name string
	adds string
	need string
}

func capabilities() []capability {
	return []capability{
		{unix.CAP_BPF, "CAP_BPF", "loading the eBPF program", forTrace},
		{unix.CAP_PERFMON, "CAP_PERFMON", "attaching it, and reading memory from it", forTrace},
		{unix.CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "reading processes of other users, and one's own where Yama forbids it", forAll},
		{unix.CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "opening the program files and mappings of processes of other users", forAll},
		{unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "on kernels before 6.7: telling zero pages from resident ones exactly", ""},
	}
}

// capabilities looks at what whyres itself may do. Those that are there share a
// line.
func (h *Host) capabilities() []Check {
	const id = "capabilities"
	text, err := h.own("CapEff")
	mask, parseErr := strconv.ParseUint(text, 16, 64)
	if err != nil || parseErr != nil {
		return []Check{unknown(id, "whyres's own capabilities cannot be read", "what it may do shows when it is tried")}
	}
	var have []string
	var out []Check
	for _, c := range capabilities() {
		if hasCapability(mask, c.bit) {
			have = append(have, c.name)
			continue
		}
		out = append(out, missing(strings.ToLower(c.name), "whyres has no "+c.name, "it would add: "+c.adds, h.elevate()).neededFor(c.need))
		if c.need == "" {
			out[len(out)-1].Status, out[len(out)-1].Remedy = Info, ""
		}
	}
	if len(have) > 0 {
		out = append([]Check{ok(id, strings.Join(have, ", "))}, out...)
	}
	return out
}

// hasCapability: CAP_SYS_ADMIN stands for the two that were split from it.
func hasCapability(mask uint64, bit uint) bool {
	if mask>>bit&1 == 1 {
		return true
	}
	return (bit == unix.CAP_BPF || bit == unix.CAP_PERFMON) && mask>>unix.CAP_SYS_ADMIN&1 == 1
}

// yama looks at kernel.yama.ptrace_scope: reading another process's memory
// counts as attaching to it.
func (h *Host) yama() Check {
	const id = "yama"
	text, err := h.read("proc/sys/kernel/yama/ptrace_scope")
	if absent(err) {
		return ok(id, "not part of this kernel, or not enabled")
	}
	scope, parseErr := strconv.Atoi(text)
	if err != nil || parseErr != nil {
		return unknown(id, "kernel.yama.ptrace_scope cannot be read", "")
	}
	caps, _ := h.own("CapEff")
	mask, _ := strconv.ParseUint(caps, 16, 64)
	may := hasCapability(mask, unix.CAP_SYS_PTRACE)
	found := fmt.Sprintf("kernel.yama.ptrace_scope is %d", scope)
	switch {
	case scope >= 3:
		return missing(id, found, "nobody may read another process's memory, not even root",
			"remove kernel.yama.ptrace_scope from /etc/sysctl.d and reboot: it cannot be lowered before").neededFor(forAll)
	case scope > 0 && !may:
		return missing(id, found, "without CAP_SYS_PTRACE not even one's own processes can be read", h.elevate()).neededFor(forAll)
	}
	return ok(id, found)
}

// seccomp: a filter may forbid the calls that whyres makes.
func (h *Host) seccomp() Check {
	const id = "seccomp"
	mode, err := h.own("Seccomp")
	switch {
	case err != nil || mode == "":
		return unknown(id, "whether a filter is in force cannot be told", "")
	case mode == "0":
		return ok(id, "no filter")
	}
	return info(id, "a filter is in force for whyres itself", "it may forbid bpf and process_vm_readv: the checks bpf and memory tell").
		do("in a container: --security-opt seccomp=unconfined")
}

// readMemory tries what explain and top live by.
func (h *Host) readMemory() Check {
	const id = "memory"
	if err := h.Try.ReadMemory(); err != nil {
		return missing(id, "process_vm_readv fails: "+oneLine(err), "the Go runtime's numbers cannot be read",
			"boot a kernel with CONFIG_CROSS_MEMORY_ATTACH=y; in a container: --security-opt seccomp=unconfined").neededFor(forAll)
	}
	return ok(id, "process_vm_readv works")
}
