package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"whyres/collector/mem"
)

// maxMounts bounds what is read of mountinfo: fs.mount-max's default.
const maxMounts = 100_000

// markTmpfs sets Shmem of the mappings of files on a tmpfs, of which smaps
// gives the device only, by what is mounted where the process is. Where
// mountinfo cannot be read, or its file system is not mounted there any more,
// nothing is marked.
func (p *Process) markTmpfs(m *Mappings) {
	if !slices.ContainsFunc(m.devices, isUnnamed) {
		return
	}
	f, err := p.open("mountinfo")
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // only read
	tmpfs, _ := parseTmpfs(f)
	for i := range m.VMAs {
		v := &m.VMAs[i]
		if v.Shmem = v.Inode != 0 && tmpfs[m.devices[i]]; v.Shmem && !mem.IsShmemName(v.Path) {
			m.Shmem += v.Rss - min(v.Rss, v.Anonymous)
		}
	}
}

// isUnnamed: file systems without a block device have a number of major 0;
// memory of no file has noDevice.
func isUnnamed(device string) bool {
	return len(device) > 3 && device[:3] == "00:" && device != noDevice
}

// parseTmpfs is the devices of the tmpfs mounts, as smaps writes them
// (Documentation/filesystems/proc.rst, 3.5: "36 35 98:0 /root /at opts - type
// source opts", major and minor in decimal; smaps has them in hexadecimal).
func parseTmpfs(r io.Reader) (map[string]bool, error) {
	out := map[string]bool{}
	lines := lineReader{r: bufio.NewReaderSize(r, lineBuffer)}
	for range maxMounts {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		before, after, found := bytes.Cut(line, []byte(" - "))
		words := bytes.Fields(before)
		if !found || len(words) < 3 || string(firstField(after)) != "tmpfs" {
			continue
		}
		major, minor, _ := bytes.Cut(words[2], []byte{':'})
		if device, ok := smapsDevice(major, minor); ok {
			out[device] = true
		}
	}
	return out, nil
}

// smapsDevice writes a device's number as smaps does: "%02x:%02x".
func smapsDevice(major, minor []byte) (string, bool) {
	a, errA := parseUint(major)
	b, errB := parseUint(minor)
	if errA != nil || errB != nil || a > 1<<12 || b > 1<<20 {
		return "", false
	}
	return fmt.Sprintf("%02x:%02x", a, b), true
}
