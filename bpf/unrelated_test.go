package bpf

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"whyres/bpf/internal/vmtest/protocol"
)

// What a process pays that nobody traces, as the quickest burst with the program
// attached over the quickest without it, of rounds taken in turn: what else the
// machine does can only add to a burst, and a median of whole rounds was seen at
// x1.31 where nothing is paid. Where functions can be attached to, nothing is paid
// for other system calls; raw tracepoints make every call of the host take the
// slow path into the kernel.
func TestCostForTheUnrelated(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		page := area(os.Getpagesize())
		loops := map[string]func(){
			"getppid": func() { _ = unix.Getppid() },
			"madvise": func() { _ = unix.Madvise(page, unix.MADV_DONTNEED) },
		}
		before, during := map[string]time.Duration{}, map[string]time.Duration{}
		for range rounds() {
			quickest(before, loops)
			tr := openWay(t, o)
			quickest(during, loops)
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
		}
		ratio := map[string]float64{}
		for name := range loops {
			ratio[name] = float64(during[name]) / float64(before[name])
			t.Logf("%s: x%.2f (%v to %v a call)", name, ratio[name], before[name]/burst, during[name]/burst)
		}
		if o.Attach == AttachFunctions && ratio["getppid"] > 1.15 {
			t.Errorf("a call that is not attached to takes x%.2f", ratio["getppid"])
		}
	})
}

// rounds: attaching to functions takes an emulated machine four seconds, for the
// kernel waits until no task can be within what it replaces.
func rounds() int {
	if os.Getenv(protocol.EnvInVM) != "" {
		return 3
	}
	return 10
}

// burst is how many calls are timed together: short enough that some bursts of a
// round run undisturbed.
const burst = 1_000

// quickest keeps the shortest burst of each loop. It waits first, for the kernel to
// be done with attaching or freeing.
func quickest(best map[string]time.Duration, loops map[string]func()) {
	time.Sleep(200 * time.Millisecond)
	for name, turn := range loops {
		for range 20 {
			began := time.Now()
			for range burst {
				turn()
			}
			if took := time.Since(began); best[name] == 0 || took < best[name] {
				best[name] = took
			}
		}
	}
}
