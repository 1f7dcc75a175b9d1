package bpf

import (
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a process pays that nobody traces, as the median of paired rounds. Where
// functions can be attached to, it pays nothing for other system calls; raw
// tracepoints make every call of the host take the slow path into the kernel.
func TestCostForTheUnrelated(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		page := area(os.Getpagesize())
		loops := map[string]func(){
			"getppid": func() { _ = unix.Getppid() },
			"madvise": func() { _ = unix.Madvise(page, unix.MADV_DONTNEED) },
		}
		ratios := map[string][]float64{}
		for range 7 {
			before := timeLoops(loops)
			tr, err := Open(o)
			if err != nil {
				t.Fatal(err)
			}
			during := timeLoops(loops)
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
			for name := range loops {
				ratios[name] = append(ratios[name], float64(during[name])/float64(before[name]))
			}
		}
		for name, r := range ratios {
			slices.Sort(r)
			t.Logf("%s: x%.2f (%.2f to %.2f)", name, r[len(r)/2], r[0], r[len(r)-1])
		}
		if median := ratios["getppid"][3]; o.Attach == AttachFunctions && median > 1.15 {
			t.Errorf("a call that is not attached to takes x%.2f", median)
		}
	})
}

// timeLoops waits first, for the kernel to be done with attaching or freeing.
func timeLoops(loops map[string]func()) map[string]time.Duration {
	time.Sleep(200 * time.Millisecond)
	took := map[string]time.Duration{}
	for name, turn := range loops {
		began := time.Now()
		for range 20_000 {
			turn()
		}
		took[name] = time.Since(began)
	}
	return took
}
