package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The least kernel that the eBPF program runs on.
const leastMajor, leastMinor = 5, 10

func (h *Host) kernelRelease() Check {
	const id = "kernel"
	found := fmt.Sprintf("Linux %s, %s", h.Release, h.Arch)
	major, minor, known := releaseNumbers(h.Release)
	switch {
	case !known:
		return unknown(id, found, "which kernel this is cannot be told from its name")
	case major < leastMajor || major == leastMajor && minor < leastMinor:
		return missing(id, found, "its eBPF lacks what whyres needs; explain and top work",
			fmt.Sprintf("boot Linux %d.%d or newer", leastMajor, leastMinor)).neededFor(forTrace)
	case h.Arch != "amd64" && h.Arch != "arm64":
		return missing(id, found, "whyres has no eBPF program for it", "use amd64 or arm64").neededFor(forTrace)
	}
	return ok(id, found)
}

// releaseNumbers are the first two of "6.18.44-cloud-amd64".
func releaseNumbers(release string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(release, ".")
	second := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	major, errMajor := strconv.Atoi(first)
	minor, errMinor := strconv.Atoi(second)
	return major, minor, errMajor == nil && errMinor == nil
}

// InitialPIDNamespace is what ns/pid of a process of the host links to:
// PROC_PID_INIT_INO of include/linux/proc_ns.h.
const InitialPIDNamespace = "pid:[4026531836]"

func (h *Host) pidNamespace() Check {
	const id = "pid_namespace"
	link, err := os.Readlink(filepath.Join(h.Proc, strconv.Itoa(h.PID), "ns/pid"))
	switch {
	case err != nil:
		return unknown(id, "cannot be told: "+err.Error(), "")
	case link != InitialPIDNamespace:
		return missing(id, "a container's own, "+link,
			"process numbers here are not the kernel's, and other processes of the host are not seen; explain and top work within the container",
			"run whyres on the host, or start its container with --pid=host").neededFor(forTrace)
	}
	return ok(id, "the host's")
}

func (h *Host) btf() Check {
	const id = "btf"
	path := filepath.Join(h.Sys, "kernel/btf/vmlinux")
	f, err := os.Open(path)
	switch {
	case absent(err):
		return missing(id, "no "+path, "the kernel does not describe its types, so that the eBPF program cannot be fitted to it",
			"boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; check with: grep BTF /boot/config-$(uname -r)").neededFor(forTrace)
	case err != nil:
		return missing(id, "cannot be read: "+err.Error(), "the eBPF program cannot be fitted to the kernel", h.elevate()).neededFor(forTrace)
	}
	_ = f.Close() // only opened
	return ok(id, path)
}

func (h *Host) tracefs() Check {
	const id = "tracefs"
	for _, dir := range []string{"kernel/tracing", "kernel/debug/tracing"} {
		if _, err := os.Stat(filepath.Join(h.Sys, dir, "events")); err == nil {
			return info(id, "mounted at "+filepath.Join(h.Sys, dir), "whyres does not need it")
		}
	}
	return info(id, "not mounted, or not to be seen by this user", "whyres does not need it")
}

func (h *Host) lockdown() Check {
	const id = "lockdown"
	text, err := h.read("sys/kernel/security/lockdown")
	mode := chosen(text)
	switch {
	case absent(err):
		return ok(id, "off, or not part of this kernel")
	case err != nil || mode == "":
		return unknown(id, "cannot be told", "in the mode confidentiality no eBPF program may read the kernel's memory")
	case mode == "confidentiality":
		return missing(id, mode, "no eBPF program may read the kernel's memory, of which RES is counted",
			"boot without lockdown=confidentiality (it cannot be lowered while the system runs)").neededFor(forTrace)
	case mode == "integrity":
		return info(id, mode, "tracing and reading are allowed in this mode")
	}
	return ok(id, mode)
}

// elevate is how to get the rights that are missing.
func (h *Host) elevate() string { return "sudo whyres ..., or once: " + h.setcap() }

// plainPath are characters that mean themselves to a shell.
const plainPath = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+"

func (h *Host) setcap() string {
	exe := `"$(command -v whyres)"`
	if h.Exe != "" && strings.Trim(h.Exe, plainPath) == "" {
		exe = h.Exe // needs no quotes
	}
	return "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep " + exe
}
