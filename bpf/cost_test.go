package bpf

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// BenchmarkTracedMadvise is what each part of tracing adds to a call that does
// next to nothing. make bench compares with other tracers.
func BenchmarkTracedMadvise(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("needs root")
	}
	for _, bb := range []struct {
		name string
		o    *Options
	}{
		{"untraced", nil},
		{"bare", &Options{NoStacks: true, NoRSS: true}},
		{"stack", &Options{NoRSS: true}},
		{"rss", &Options{NoStacks: true}},
		{"all", &Options{}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			if bb.o == nil {
				madviseLoop(b)
				return
			}
			tr, err := Open(*bb.o)
			if err != nil {
				b.Fatal(err)
			}
			if err := tr.Follow(os.Getpid()); err != nil {
				b.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				frames := make([]mem.Frame, 0, 4096)
				for {
					if _, _, err := tr.Read(frames[:0], time.Now().Add(20*time.Millisecond)); errors.Is(err, ErrClosed) {
						return
					}
				}
			}()
			madviseLoop(b)
			lost, err := tr.Lost()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(lost.Total)/float64(b.N), "lost/op")
			if err := tr.Close(); err != nil {
				b.Fatal(err)
			}
			<-done
		})
	}
}

func madviseLoop(b *testing.B) {
	page := area(os.Getpagesize())
	for b.Loop() {
		_ = unix.Madvise(page, unix.MADV_DONTNEED)
	}
}
