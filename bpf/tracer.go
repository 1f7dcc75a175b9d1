package bpf

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// filterSize is FILTER_SIZE of whyres.bpf.c.
const filterSize = 1 << 16

// Tracer is the attached program. Its methods may be called from different
// goroutines, but Read from one only.
type Tracer struct {
	way     Attach
	coll    *ebpf.Collection
	links   []link.Link
	ring    *ringbuf.Reader
	decode  decoder
	missing []string

	mu     sync.Mutex // guards filter
	filter [filterSize]uint8

	scratch ringbuf.Record // of Read
}

// Open loads the program and attaches it. It follows nobody yet. The error
// wraps ErrPrivilege or ErrUnsupported where that is the cause. Nothing stays
// attached when the process ends, however it ends: nothing is pinned.
func Open(o Options) (*Tracer, error) {
	o, err := o.whole()
	if err != nil {
		return nil, err
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, explainLoad(fmt.Errorf("lift the limit of locked memory: %w", err))
	}
	types, err := kernelTypes()
	if err != nil {
		return nil, err
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("count the possible CPUs: %w", err)
	}
	var failed error
	for _, way := range o.ways() {
		t, err := open(o, way, types, cpus)
		if err == nil {
			return t, nil
		}
		// The last way is the one that every kernel should have: its
		// error is the one that a person can do something about.
		failed = fmt.Errorf("attach by %s: %w", way, err)
		if way == AttachFunctions && errors.Is(err, ErrPrivilege) && os.Geteuid() == 0 {
			failed = fmt.Errorf("%w: it does not let programs attach to functions, not even for root; use --attach auto", ErrUnsupported)
		}
	}
	return nil, failed
}

func open(o Options, way Attach, types *btf.Spec, cpus int) (*Tracer, error) {
	perCPU := countersArePerCPU(types)
	missing := withoutKind(&o, types)
	cs, err := spec(o, way, perCPU, min(cpus, maxCPUs))
	if err != nil {
		return nil, err
	}
	coll, err := ebpf.NewCollectionWithOptions(cs, ebpf.CollectionOptions{
		Programs: ebpf.ProgramOptions{KernelTypes: types},
	})
	if err != nil {
		return nil, explainLoad(err)
	}
	t := &Tracer{way: way, coll: coll, missing: missing, decode: decoder{pageSize: int64(os.Getpagesize())}}
	if err := t.start(o, perCPU, cpus); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// withoutKind takes back what was asked for and this kernel cannot tell, and says
// so.
func withoutKind(o *Options, types *btf.Spec) (missing []string) {
	if o.Allocator && !pagesTellKind(types) {
		o.Allocator = false
		return []string{lacksKind}
	}
	return nil
}

func (t *Tracer) start(o Options, perCPU bool, cpus int) error {
	if perCPU && !o.NoRSS {
		if err := t.learnCPUs(cpus); err != nil {
			return err
		}
	}
	ring, err := ringbuf.NewReader(t.coll.Maps[kernelMapEvents])
	if err != nil {
		return fmt.Errorf("map the ring buffer: %w", err)
	}
	t.ring = ring
	if err := t.attachAll(); err != nil {
		return err
	}
	t.decode.allocator = o.Allocator && !slices.Contains(t.missing, lacksAllocator)
	return nil
}

// Way is how system calls are seen.
func (t *Tracer) Way() Attach { return t.way }

// Missing says in plain words what this kernel does not let the tracer see.
func (t *Tracer) Missing() []string { return t.missing }

// Follow adds the process. Its calls are reported from now on.
func (t *Tracer) Follow(pid int) error {
	key := uint32(pid)
	err := t.coll.Maps[kernelMapTargets].Update(key, kernelTarget{}, ebpf.UpdateAny)
	if errors.Is(err, unix.E2BIG) {
		return fmt.Errorf("follow pid %d: %w", pid, ErrTooManyTargets)
	}
	if err != nil {
		return fmt.Errorf("follow pid %d: %w", pid, err)
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return fmt.Errorf("follow pid %d: %w", pid, err)
	}
	if err := t.coll.Maps[kernelMapLocals].Update(key, make([]kernelLocal, cpus), ebpf.UpdateAny); err != nil {
		return fmt.Errorf("follow pid %d: %w", pid, err)
	}
	return t.passFilter(key)
}

// passFilter sets the process's byte of the program's first filter.
func (t *Tracer) passFilter(key uint32) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.filter[key%filterSize] = 1
	if err := t.coll.Variables[kernelVarFilter].Set(&t.filter); err != nil {
		return fmt.Errorf("follow pid %d: %w", key, err)
	}
	return nil
}

// ReadRuntime tells the program where the process's Go runtime keeps
// heapInUse, heapReleased and heapFree (runtime.gcController), as addresses in
// the process. Events carry them from then on.
func (t *Tracer) ReadRuntime(pid int, inuse, released, free mem.Addr) error {
	rt := kernelRuntime{Addr: [3]uint64{uint64(inuse), uint64(released), uint64(free)}}
	if err := t.coll.Maps[kernelMapRuntimes].Update(uint32(pid), rt, ebpf.UpdateAny); err != nil {
		return fmt.Errorf("tell the program of pid %d's Go runtime: %w", pid, err)
	}
	return nil
}

// Detach stops the reporting; what is in the ring can still be read, and a Read
// that waits for more returns.
func (t *Tracer) Detach() error {
	failed := make([]error, 0, len(t.links))
	for _, l := range t.links {
		failed = append(failed, l.Close())
	}
	t.links = nil
	if t.ring != nil {
		failed = append(failed, t.ring.Flush())
	}
	return errors.Join(failed...)
}

// Close detaches and frees everything.
func (t *Tracer) Close() error {
	failed := []error{t.Detach()}
	if t.ring != nil {
		failed = append(failed, t.ring.Close())
	}
	t.coll.Close()
	return errors.Join(failed...)
}
