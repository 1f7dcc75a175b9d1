package kernel

import (
	"strings"
)

// shortID is how much of a container's id docker ps and crictl ps show.
const shortID = 12

// Name is what a person would call the group: the short id of a container, the
// name of a machine, of a service or of another group; "" for the root, init's
// and the sessions of users, which are the host's own.
//
// Known are the shapes of Docker, containerd, CRI-O, Podman, Kubernetes, ECS,
// LXC and systemd, with either cgroup driver.
func (c Cgroup) Name() string {
	var container, name, before string
	for part := range strings.SplitSeq(c.Path, "/") {
		part = unescapeUnit(part)
		if id := containerID(part); id != "" {
			container = id // the innermost says most
		} else if machine := machineName(before, part); machine != "" {
			container = machine
		}
		if isMeaningful(part) {
			name = part
		}
		before = part
	}
	if container != "" {
		return container
	}
	return strings.TrimSuffix(name, ".scope")
}

// containerID finds 64 hexadecimal digits, by themselves or after a prefix:
// docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope,
// SLICE:cri-containerd:ID; or 32 by themselves, or as ECS's ID-NUMBER.
func containerID(part string) string {
	if strings.HasPrefix(part, "libpod-conmon-") || strings.HasPrefix(part, "crio-conmon-") {
		return "" // the monitor of a container runs on the host
	}
	part = strings.TrimSuffix(part, ".scope")
	last := part[strings.LastIndexAny(part, "-:")+1:]
	if (len(last) == 64 || len(part) == 32) && isHex(last) {
		return last[:shortID]
	}
	if id, number, found := strings.Cut(part, "-"); found && len(id) == 32 && isHex(id) && isDigits(number) {
		return id[:shortID]
	}
	return ""
}

// machineName is that of systemd-nspawn's, libvirt's and LXC's containers.
func machineName(before, part string) string {
	if before == "lxc" {
		return part
	}
	if name, found := strings.CutPrefix(part, "machine-"); found && strings.HasSuffix(name, ".scope") {
		return strings.TrimSuffix(name, ".scope")
	}
	if name, found := strings.CutPrefix(part, "systemd-nspawn@"); found {
		return strings.TrimSuffix(name, ".service")
	}
	if name, found := strings.CutPrefix(part, "lxc.payload."); found {
		return name
	}
	return ""
}

// isMeaningful leaves out what only divides the tree, and the host's own.
func isMeaningful(part string) bool {
	switch {
	case part == "", part == "..", part == "init.scope", strings.HasSuffix(part, ".slice"):
		return false
	case strings.HasPrefix(part, "session-") && strings.HasSuffix(part, ".scope"):
		return false
	case strings.HasPrefix(part, "user@") && strings.HasSuffix(part, ".service"):
		return false
	case strings.HasPrefix(part, "user-") && strings.HasSuffix(part, ".scope"):
		return false
	}
	return true
}

// unescapeUnit undoes systemd's \x2d, the one escape that names of machines
// commonly have.
func unescapeUnit(s string) string { return strings.ReplaceAll(s, `\x2d`, "-") }

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
