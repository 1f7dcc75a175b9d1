package bpf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unsafe"

	"whyres/collector/mem"
)

// The kinds and flags of whyres.bpf.c.
const (
	recordCall     = 1
	recordFork     = 2
	recordExec     = 3
	recordExit     = 4
	recordCollapse = 5

	flagNoEntry    = 1
	flagRSSUnknown = 2
	flagUnsure     = 4
	flagGo         = 8
	flagStackCut   = 16
	flagNoReturn   = 32
	flagMissing    = 64
	flagSameMM     = 128
	flagAsked      = 256
)

// The order of a process's counters in a record (enum rss_member).
const (
	filePages = iota
	anonPages
	swapEntries
	shmemPages
)

// fixedSize is how long a record is at least.
const fixedSize = int(unsafe.Offsetof(kernelRecord{}.Stack))

// decoder makes frames of raw records. It is pure.
type decoder struct {
	pageSize int64
	// allocator: what each call gave to the page allocator was counted.
	allocator bool
	rec       kernelRecord
}

// decode gives the record's event or mark. Raw is what the ring held; it is
// not kept.
func (d *decoder) decode(raw []byte) (mem.Frame, error) {
	if len(raw) < fixedSize {
		return mem.Frame{}, fmt.Errorf("record of %d bytes, want %d or more: the eBPF object and this program do not match", len(raw), fixedSize)
	}
	whole := unsafe.Slice((*byte)(unsafe.Pointer(&d.rec)), unsafe.Sizeof(d.rec))
	copy(whole, raw)
	tail := min(int(d.rec.Tail), len(raw)-fixedSize, len(whole)-fixedSize)
	if d.rec.Kind == recordCall {
		e := d.event(whole[fixedSize:fixedSize+tail], tail/8)
		return mem.Frame{At: e.End(), Event: e}, nil
	}
	m := d.mark()
	return mem.Frame{At: m.At, Mark: m}, nil
}

func (d *decoder) event(tail []byte, frames int) *mem.Event {
	r := &d.rec
	e := &mem.Event{
		At:    mem.Instant(r.Entered),
		Dur:   int64(r.Left - r.Entered),
		PID:   int(r.Pid),
		TID:   int(r.Tid),
		Call:  callName(r.Call),
		Ret:   r.Ret,
		Errno: errnoName(r.Ret),
	}
	if r.Flags&flagNoReturn != 0 {
		e.Errno = "unknown"
	}
	if e.Errno != "" {
		e.Ret = -1
	}
	if uint8(r.Call) == callPrctl {
		e.Name = cString(tail)
	} else {
		e.PCs = append(make([]uint64, 0, frames), r.Stack[:frames]...)
	}
	d.arguments(e)
	d.rss(e)
	if r.Flags&flagGo != 0 {
		e.Go = mem.GoCounters{HeapInuse: r.Go[0], HeapReleased: r.Go[1], HeapFree: r.Go[2]}
	}
	d.notes(e)
	return e
}

// arguments sorts the six registers into what they mean for the call.
func (d *decoder) arguments(e *mem.Event) {
	a := &d.rec.Args
	e.Addr, e.Len = mem.Addr(a[0]), a[1]
	switch uint8(d.rec.Call) {
	case callMmap:
		e.Prot, e.MapFlags, e.FD, e.Offset = uint32(a[2]), uint32(a[3]), int32(a[4]), a[5]
	case callMadvise:
		e.Advice = adviceName(uint64(int32(a[2])))
	case callMremap:
		e.NewLen, e.RemapFlags, e.NewAddr = a[2], uint32(a[3]), mem.Addr(a[4])
	case callBrk:
		e.Len = 0
	case callProcessMadvise:
		e.Addr, e.Len = 0, 0
		e.TargetFD, e.Vectors, e.Advice = int32(a[0]), a[2], adviceName(uint64(int32(a[3])))
	case callPrctl:
		e.Addr, e.Len = mem.Addr(a[2]), a[3]
	}
}

func (d *decoder) rss(e *mem.Event) {
	e.Before, e.After = d.bytes(&d.rec.Before), d.bytes(&d.rec.After)
	e.Attributed = d.bytes(&d.rec.Attributed).Total()
	if d.allocator && d.rec.Flags&(flagNoEntry|flagNoReturn) == 0 {
		freed := d.rec.Freed * d.pageSize
		e.ToAllocator = &freed
	}
}

func (d *decoder) bytes(pages *[4]int64) mem.RSS {
	return mem.RSS{
		Anon:  pages[anonPages] * d.pageSize,
		File:  pages[filePages] * d.pageSize,
		Shmem: pages[shmemPages] * d.pageSize,
		Swap:  pages[swapEntries] * d.pageSize,
	}
}

func (d *decoder) notes(e *mem.Event) {
	flags := d.rec.Flags
	agree := e.After.Total()-e.Before.Total() == e.Attributed
	if flags&flagNoReturn != 0 {
		e.Notes = append(e.Notes, mem.NoteNoReturn)
	}
	switch {
	case flags&flagRSSUnknown != 0:
		e.Before, e.After, e.Attributed = mem.RSS{}, mem.RSS{}, 0
		e.Notes = append(e.Notes, mem.NoteRSSUnknown)
	case flags&flagNoEntry != 0:
		e.Notes = append(e.Notes, mem.NoteNoEntry)
		e.Before = e.After
	case !agree && flags&flagUnsure != 0:
		e.Notes = append(e.Notes, mem.NoteShared, mem.NoteUnsure)
	case !agree:
		e.Notes = append(e.Notes, mem.NoteShared)
	}
	if flags&flagStackCut != 0 {
		e.Notes = append(e.Notes, mem.NoteStackCut)
	}
}

// comm is the name of the program that was executed: it takes the place of two
// arguments.
func (d *decoder) comm() string {
	var text []byte
	for _, word := range d.rec.Args[1:3] {
		text = binary.LittleEndian.AppendUint64(text, word)
	}
	return cString(text)
}

// cString is the text up to the first NUL, as UTF-8.
func cString(text []byte) string {
	name, _, _ := bytes.Cut(text, []byte{0})
	return strings.ToValidUTF8(string(name), "\uFFFD")
}

func (d *decoder) mark() *mem.Mark {
	r := &d.rec
	m := &mem.Mark{At: mem.Instant(r.Entered), PID: int(r.Pid)}
	switch r.Kind {
	case recordFork:
		m.Kind, m.Child, m.RSS = mem.MarkFork, int(r.Args[0]), d.bytes(&r.After)
		m.SameMemory = r.Flags&flagSameMM != 0
	case recordExec:
		m.Kind, m.Comm = mem.MarkExec, d.comm()
	case recordExit:
		m.Kind, m.Signal, m.ExitCode = mem.MarkExit, int(r.Args[0]&0x7f), int(r.Args[0]>>8&0xff)
	case recordCollapse:
		m.Kind, m.RSS = mem.MarkCollapse, d.bytes(&r.After)
		m.Asked = r.Flags&flagAsked != 0
		if r.Flags&flagMissing != 0 {
			grew := int64(r.Args[0]) * d.pageSize
			m.Grew = &grew
		}
	}
	return m
}
