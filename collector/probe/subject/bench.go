package subject

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"

	"whyres/collector/kernel"
	"whyres/collector/probe"
)

// bench is the quiet process: where cases are run, one after the other.
type bench struct {
	me      *kernel.Process
	recipes map[string]recipe
	scratch []byte
}

func newBench() (*bench, error) {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(math.MaxInt64) // a limit makes it collect all the same
	stayHere()
	me, err := kernel.Default().Open(os.Getpid(), kernel.Options{})
	if err != nil {
		return nil, err
	}
	scratch, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map a page: %w", err), me.Close())
	}
	return &bench{me: me, recipes: recipes(), scratch: scratch}, nil
}

func (b *bench) close() {
	_ = unix.Munmap(b.scratch) // the process ends
	_ = b.me.Close()           // was only read
}

// stayHere keeps the thread on the CPU it is on: touched pages wait in a batch of
// the CPU that touched them, which settle can empty only from there. Where it is
// not allowed, up to 31 pages may reach the allocator late.
func stayHere() {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return
	}
	var only unix.CPUSet
	only.Set(int(cpu))
	_ = unix.SchedSetaffinity(0, &only)
}

// settle empties the batches in which pages wait for what was asked for them
// (mm/swap.c: lru_add, lru_lazyfree): MADV_COLD does so first, whatever it covers.
func (b *bench) settle() {
	b.scratch[0] = 1
	_ = unix.Madvise(b.scratch, unix.MADV_COLD)
}

// run makes one run of the case. The error is the bench's; what the host does not
// allow is in the run.
func (b *bench) run(id string) (Run, error) {
	what, known := probe.Find(id)
	how, made := b.recipes[id]
	if !known || !made {
		return Run{}, errors.New("there is no such case")
	}
	runtime.GC() // not while it is measured
	s, err := b.newStage()
	if err != nil {
		return Run{}, err
	}
	run := Run{TID: unix.Gettid(), Result: probe.Result{
		ID: id, Call: what.Call, Advice: what.Advice, Pages: what.Pages, Size: size, Asked: bytesOf(how.covered),
	}}
	err = s.measure(&how, &run)
	if errors.Is(err, errCannot) {
		run.Result.Unknown, err = err.Error(), nil
	}
	return run, errors.Join(err, s.close())
}
