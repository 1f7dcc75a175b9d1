package goruntime

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// maxIovecs is the kernel's UIO_MAXIOV.
const maxIovecs = 1024

// memory reads the target's memory with process_vm_readv.
type memory struct {
	pid     int
	remotes []unix.RemoteIovec
}

// read fills buf with the memory of the spans, one after the other; their
// lengths must add up to len(buf). Anything less than all of it is an error.
// At most maxIovecs spans go into one system call.
func (m *memory) read(buf []byte, spans []span) error {
	for len(spans) > 0 {
		n := min(len(spans), maxIovecs)
		size := 0
		m.remotes = m.remotes[:0]
		for _, s := range spans[:n] {
			m.remotes = append(m.remotes, unix.RemoteIovec{Base: uintptr(s.addr), Len: s.size})
			size += s.size
		}
		if err := m.call(buf[:size]); err != nil {
			return err
		}
		buf, spans = buf[size:], spans[n:]
	}
	return nil
}

func (m *memory) call(buf []byte) error {
	local := unix.Iovec{Base: &buf[0]}
	local.SetLen(len(buf))
	got, err := unix.ProcessVMReadv(m.pid, []unix.Iovec{local}, m.remotes, 0)
	if err == nil && got < len(buf) {
		err = unix.EFAULT
	}
	if err != nil {
		return explain(m.pid, fmt.Sprintf("reading %d bytes of its memory at %#x", len(buf), m.remotes[0].Base), err)
	}
	return nil
}

// span is a piece of the target's memory: absolute address and length.
type span struct {
	addr uint64
	size int
}

// word reads one 8-byte word.
func (m *memory) word(addr uint64) (uint64, error) {
	var b [8]byte
	err := m.read(b[:], []span{{addr, 8}})
	return binary.LittleEndian.Uint64(b[:]), err
}

// slice reads a slice header of the target: its data and length, which is
// refused above limit.
func (m *memory) slice(addr uint64, what string, limit uint64) (data, n uint64, err error) {
	var b [16]byte
	if err := m.read(b[:], []span{{addr, len(b)}}); err != nil {
		return 0, 0, err
	}
	data, n = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
	if n > limit {
		return 0, 0, fmt.Errorf("process %d: %s has %d entries, more than %d: %w", m.pid, what, n, limit, ErrHeapTooLarge)
	}
	return data, n, nil
}
