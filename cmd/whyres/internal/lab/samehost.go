package lab

import (
	"fmt"

	"whyres/collector/mem"
)

// HostDiffers says in what two hosts, or a host then and now, differ that memory or
// its times depend on; "" where in nothing.
func HostDiffers(then, now mem.Host) string {
	for _, x := range []struct {
		what      string
		then, now any
	}{
		{"kernel", then.Kernel, now.Kernel},
		{"kernel's build", then.Build, now.Build},
		{"CPU", then.CPUModel, now.CPUModel},
		{"architecture", then.Arch, now.Arch},
		{"number of CPUs", then.CPUs, now.CPUs},
		{"page size", then.PageSize, now.PageSize},
		{"mode of huge pages (THP)", then.THP, now.THP},
	} {
		if x.then != x.now {
			return fmt.Sprintf("the %s was %v, and is %v", x.what, x.then, x.now)
		}
	}
	return ""
}
