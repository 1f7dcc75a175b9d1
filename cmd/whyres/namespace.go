package main

import (
	"fmt"
	"os"

	"whyres/bpf"
	"whyres/cmd/whyres/internal/doctor"
)

// hostNamespace refuses a container's own PID namespace: the kernel's side
// knows processes by the host's numbers.
func hostNamespace() error {
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err == nil && ns != doctor.InitialPIDNamespace {
		return fmt.Errorf("%w: it runs in a container's own PID namespace, where process numbers are not the kernel's: run it on the host, or with --pid=host", bpf.ErrUnsupported)
	}
	return nil
}
