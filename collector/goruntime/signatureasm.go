package goruntime

import (
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"
)

// refsX86 are the references relative to the instruction pointer: so Go code
// reaches variables. After an instruction that is not understood (AVX is not) the
// next byte is tried; what is found by mistake then is sifted out by what the
// memory holds.
func refsX86(code []byte, pc uint64) (refs []ref) {
	for at := 0; at < len(code); {
		inst, err := x86asm.Decode(code[at:], 64)
		if err != nil || inst.Len == 0 {
			at++
			continue
		}
		at += inst.Len
		for _, arg := range inst.Args {
			if m, ok := arg.(x86asm.Mem); ok && m.Base == x86asm.RIP {
				size := inst.MemBytes
				if inst.Op == x86asm.LEA {
					size = 0
				}
				refs = append(refs, ref{pc + uint64(at) + uint64(m.Disp), size})
			}
		}
	}
	return refs
}

// refsARM64 are the addresses made of a page (ADRP) and what the next few
// instructions add to it or load from there.
func refsARM64(code []byte, pc uint64) (refs []ref) {
	var page [32]uint64
	for at := 0; at+4 <= len(code); at += 4 {
		w := binary.LittleEndian.Uint32(code[at:])
		rd, rn, imm12 := w&31, w>>5&31, uint64(w>>10&0xfff)
		switch {
		case w&0x9f000000 == 0x90000000: // ADRP Rd, page
			imm := int64(w>>5&0x7ffff)<<2 | int64(w>>29&3)
			page[rd] = (pc+uint64(at))&^0xfff + uint64(imm<<43>>43<<12)
		case w&0xffc00000 == 0x91000000 && page[rn] != 0: // ADD Rd, Rn, imm
			refs = append(refs, ref{page[rn] + imm12, 0})
		case w&0x3b000000 == 0x39000000 && page[rn] != 0: // LDR, STR Rt, [Rn, imm]
			scale := int(w >> 30)
			refs = append(refs, ref{page[rn] + imm12<<scale, 1 << scale})
		}
	}
	return refs
}
