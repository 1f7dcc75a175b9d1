package bpf

import "fmt"

// Attach is the way system calls are seen.
type Attach string

// The ways. AttachAuto takes the first of the others that the kernel allows.
const (
	AttachAuto      Attach = "auto"
	AttachFunctions Attach = "fentry"
	AttachRaw       Attach = "raw_tracepoint"
)

// Options of a Tracer; the zero value is made whole by Open.
type Options struct {
	// Attach is the way system calls are seen; AttachAuto if empty.
	Attach Attach
	// RingBytes is the size of the buffer between kernel and reader, a power
	// of two; 8 MiB if zero. It is locked kernel memory.
	RingBytes int
	// WakeBytes wait in the ring before the reader is woken; 256 KiB if zero.
	// Each wake-up interrupts the target's CPU.
	WakeBytes int
	// Children: processes that a followed process starts are followed too.
	Children bool
	// Allocator counts what each call gave to the kernel's page allocator. All
	// processes of the host pay for it with each page that they free.
	Allocator bool
	// NoStacks and NoRSS leave out user stacks and RSS: measurements of what
	// they cost need it.
	NoStacks, NoRSS bool

	// twice loads the programs' second copy where it is not needed: tests.
	twice bool
}

func (o Options) whole() (Options, error) {
	if o.Attach == "" {
		o.Attach = AttachAuto
	}
	if o.RingBytes == 0 {
		o.RingBytes = 8 << 20
	}
	if o.WakeBytes == 0 {
		o.WakeBytes = 256 << 10
	}
	if o.RingBytes < 64<<10 || o.RingBytes > 1<<30 || o.RingBytes&(o.RingBytes-1) != 0 {
		return o, fmt.Errorf("ring buffer of %d bytes: want a power of two from 64 KiB to 1 GiB", o.RingBytes)
	}
	o.WakeBytes = min(o.WakeBytes, o.RingBytes/4)
	return o, nil
}

func (o Options) ways() []Attach {
	if o.Attach == AttachAuto {
		return []Attach{AttachFunctions, AttachRaw}
	}
	return []Attach{o.Attach}
}
