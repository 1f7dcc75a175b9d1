package goruntime

import (
	"errors"
	"fmt"

	"whyres/collector/mem"
)

// Target is a Go process whose runtime can be read. It is not safe for
// concurrent use. It holds no file open: there is nothing to close. After the
// process executes another program a new Target must be opened; until then
// reads fail with ErrUnmapped or ErrMismatch.
type Target struct {
	// PID is the process, in the reader's PID namespace.
	PID int
	// Binary is the program that runs.
	Binary Binary

	where  *where
	memory memory
	era    era
	light  lightPlan
	clock  clockPlan
	buf    []byte
	// started: the runtime was seen initialised.
	started bool
	// problem is why Open failed: where is nil then.
	problem error
}

// Open finds the Go runtime of the process; proc is where procfs is mounted
// ("/proc"). On error the Target is still returned where the process exists:
// its Binary says what is known (path, version), and nothing else may be used.
// The error wraps one of this package's sentinels.
func Open(proc string, pid int) (*Target, error) {
	t := &Target{PID: pid, memory: memory{pid: pid}}
	im, exe, err := openImage(proc, pid)
	t.Binary.Exe = exe
	if err == nil {
		err = errors.Join(t.open(im, proc), im.close())
	}
	if err != nil {
		t.where, t.problem = nil, err
	}
	return t, err
}

// usable is nil, or why Open failed.
func (t *Target) usable() error {
	if t.where == nil && t.problem == nil {
		return errors.New("this Target was not made by Open")
	}
	return t.problem
}

func (t *Target) open(im *image, proc string) error {
	named := func(err error) error {
		return fmt.Errorf("process %d (%s): %w", t.PID, t.Binary.Exe, err)
	}
	if !isGo(im.elf) {
		return named(ErrNotGo)
	}
	bias, err := im.bias(proc, t.PID, t.Binary.Exe)
	if err != nil {
		return err
	}
	if t.Binary.GoVersion, err = goVersion(im, &t.memory, bias); err == nil {
		err = supported(t.Binary.GoVersion)
	}
	t.Binary.Sanitizer = sanitizer(im.bytes)
	if err == nil {
		err = t.locate(im, proc, bias)
	}
	if err != nil {
		return named(err)
	}
	return t.verify()
}

// verify asks whether C is linked in.
func (t *Target) verify() error {
	addr, ok := t.where.addr[isCgo]
	if !ok {
		return nil
	}
	var cgo [1]byte
	if err := t.memory.read(cgo[:], []span{{addr, 1}}); err != nil {
		return err
	}
	t.Binary.Cgo, t.Binary.CgoKnown = cgo[0] != 0, true
	return nil
}

// CounterAddrs are the absolute addresses in the target of three counters of
// runtime.gcController, 8 bytes each, for a program that reads them at the
// instant of an event.
type CounterAddrs struct {
	HeapInUse    mem.Addr
	HeapReleased mem.Addr
	HeapFree     mem.Addr
}

// CounterAddrs returns the addresses, ok=false if they are not known. Before Go
// 1.19 no single counter tells HeapFree.
func (t *Target) CounterAddrs() (a CounterAddrs, ok bool) {
	if t.where == nil || !t.where.has("gcController.heapFree") {
		return CounterAddrs{}, false
	}
	return CounterAddrs{
		HeapInUse:    mem.Addr(t.where.field("gcController", "heapInUse")),
		HeapReleased: mem.Addr(t.where.field("gcController", "heapReleased")),
		HeapFree:     mem.Addr(t.where.field("gcController", "heapFree")),
	}, true
}
