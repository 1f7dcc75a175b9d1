package kernel

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// readBatch is how many places one call reads: below the kernel's UIO_MAXIOV.
const readBatch = 512

// Words reads n words of 8 bytes at each of the addresses of the process's
// memory, with process_vm_readv(2): nothing is stopped or changed. It calls
// visit for each address that could be read, in their order; words is valid
// during the call. An address that is not mapped is passed over.
func (p *Process) Words(at []mem.Addr, n int, visit func(at mem.Addr, words []uint64)) error {
	if n <= 0 || len(at) == 0 {
		return nil
	}
	buf, words := make([]byte, min(len(at), readBatch)*n*8), make([]uint64, n)
	for len(at) > 0 {
		batch := at[:min(len(at), readBatch)]
		whole, err := p.readPieces(batch, n*8, buf)
		if err != nil {
			return problem(p.path("memory"), err)
		}
		for i, a := range batch[:whole] {
			for w := range words {
				words[w] = binary.NativeEndian.Uint64(buf[(i*n+w)*8:])
			}
			visit(a, words)
		}
		at = at[whole:]
		if whole < len(batch) {
			at = at[1:] // the one that the reading stopped at
		}
	}
	return nil
}

// readPieces reads size bytes at each address, until one cannot be read: how
// many were read whole.
func (p *Process) readPieces(at []mem.Addr, size int, buf []byte) (int, error) {
	remote := make([]unix.RemoteIovec, len(at))
	for i, a := range at {
		remote[i] = unix.RemoteIovec{Base: uintptr(a), Len: size}
	}
	local := unix.Iovec{Base: &buf[0]}
	local.SetLen(len(at) * size)
	n, err := unix.ProcessVMReadv(p.pid, []unix.Iovec{local}, remote, 0)
	switch {
	case errors.Is(err, unix.EFAULT):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return n / size, nil
}
