package subject

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// errCannot: the case cannot be made on this host. The text says why.
var errCannot = errors.New("")

func cannot(format string, args ...any) error {
	return fmt.Errorf("%w%s", errCannot, fmt.Sprintf(format, args...))
}

// small makes pages of the least size, whatever the host's setting.
func small(s *stage) error {
	if err := s.refuseHuge(); err != nil {
		return err
	}
	s.touch(whole()...)
	return nil
}

// refuseHuge: a kernel without huge pages does not know the advice.
func (s *stage) refuseHuge() error {
	if err := s.advise(span{0, size}, unix.MADV_NOHUGEPAGE); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("MADV_NOHUGEPAGE: %w", err)
	}
	return nil
}

func (s *stage) askHuge() error {
	if err := s.advise(span{0, size}, unix.MADV_HUGEPAGE); err != nil {
		return cannot("the kernel has no huge pages (MADV_HUGEPAGE: %v)", err)
	}
	return nil
}

// untouched makes none.
func untouched(s *stage) error { return s.refuseHuge() }

// onlyRead maps the page of zeros: small pages all.
func onlyRead(s *stage) error {
	if err := s.refuseHuge(); err != nil {
		return err
	}
	s.keep = s.look(span{0, size})
	return nil
}

// hugePages makes huge pages, and looks whether it got them.
func hugePages(s *stage) error {
	if err := s.askHuge(); err != nil {
		return err
	}
	s.touch(whole()...)
	now, err := s.see()
	if err != nil {
		return err
	}
	if now.thp != size {
		return cannot("the kernel gave %d of %d KiB as huge pages: memory may be fragmented, which a restart mends, or"+
			" echo 1 > /proc/sys/vm/compact_memory", now.thp>>10, size>>10)
	}
	return nil
}

// halfSmall touches the lower half of each huge page's place in small pages, and
// allows huge ones then.
func halfSmall(s *stage) error {
	if err := s.refuseHuge(); err != nil {
		return err
	}
	s.touch(lowerHalves()...)
	return s.askHuge()
}

func countOf(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
