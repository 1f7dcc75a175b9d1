package goruntime

import (
	"testing"

	"whyres/collector/mem"
)

// TestChunks: the kernel tells what is resident of each chunk's addresses, and 64
// MiB of objects that nobody wrote to fill chunks that are not resident at all.
func TestChunks(t *testing.T) {
	shapesOf(t, func(t *testing.T, program string) {
		for _, s := range [][2]string{{"tatters", "64"}, {"untouched", "64"}, {"objects", "100000"}} {
			h, c := shape(t, program, s[0], s[1])
			p := h.Pages
			if p.ChunkBytes != 4<<20 {
				t.Errorf("chunks of %d bytes, want 4 MiB", p.ChunkBytes)
			}
			full, empty := 0, 0
			for _, chunk := range p.Chunks {
				got := chunk.InUse.Resident() + chunk.Stacks.Resident() + chunk.Idle.Resident() + chunk.Released.Resident() + chunk.Reserved.Resident()
				if want := residentOf(t, c.pid, p.Arenas, mem.RangeAt(chunk.At, p.ChunkBytes)); got != want {
					t.Errorf("%s: %d bytes of the chunk at %v are resident, pagemap says %d", s[0], got, chunk.At, want)
				}
				if chunk.InUse.Bytes() == p.ChunkBytes {
					full++
					if chunk.InUse.Resident() == 0 {
						empty++
					}
				}
			}
			t.Logf("%s: %d chunks, %d all in use, %d of them not resident", s[0], len(p.Chunks), full, empty)
			if s[0] == "untouched" && empty < 14 {
				t.Errorf("%d chunks of objects that nobody wrote to, want 14 or more of 64 MiB", empty)
			}
			if s[0] == "objects" && full-empty < 20 {
				t.Errorf("%d chunks of objects, want 20 or more of 98 MiB", full-empty)
			}
			c.end()
		}
	})
}

// residentOf is what pagemap says of the heap within the range.
func residentOf(t *testing.T, pid int, arenas []mem.Range, within mem.Range) (resident uint64) {
	t.Helper()
	var parts []mem.Range
	for _, a := range arenas {
		if part := a.Intersect(within); !part.Empty() {
			parts = append(parts, part)
		}
	}
	if err := pagemapKinds(t, pid)(parts, func(r mem.Range, kind mem.PageKind) {
		if kind != mem.PageZero {
			resident += r.Len()
		}
	}); err != nil {
		t.Fatal(err)
	}
	return resident
}
