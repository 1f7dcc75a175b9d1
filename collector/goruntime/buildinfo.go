package goruntime

import (
	"debug/buildinfo"
	"fmt"
	"io"
)

// maxBuildInfo bounds what is read in search of the build information, of a file
// whose headers may claim any size: 256 MiB. It is in the first pieces of .data.
const maxBuildInfo = 256 << 20

// buildInfo is debug/buildinfo.Read with an end, for ELF files of every class
// and byte order.
func buildInfo(r io.ReaderAt) (info *buildinfo.BuildInfo, err error) {
	defer recovered(&err)
	if err := checkHeaders(r); err != nil {
		return nil, err
	}
	return buildinfo.Read(&capped{r: r, left: maxBuildInfo})
}

// capped fails once more has been asked for than may be. What was asked for
// counts, not what there was: debug/buildinfo goes on over the end of a file.
type capped struct {
	r    io.ReaderAt
	left int64
}

func (c *capped) ReadAt(buf []byte, off int64) (int, error) {
	if c.left -= int64(len(buf)); c.left < 0 {
		return 0, fmt.Errorf("%w: no end to what its headers claim", ErrDamaged)
	}
	return c.r.ReadAt(buf, off)
}

// sanitizer is "race", "asan" or "msan" where go build was told so: its settings
// are in the build information since Go 1.18. "" where they do not say.
func sanitizer(r io.ReaderAt) (name string) {
	var err error
	defer recovered(&err) // debug/buildinfo is not hardened
	info, err := buildInfo(r)
	if err != nil {
		return ""
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "-race", "-asan", "-msan":
			if s.Value == "true" {
				return s.Key[1:]
			}
		}
	}
	return ""
}
