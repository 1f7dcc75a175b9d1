package bpf

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"whyres/collector/mem"
)

// raw is a record as the C side lays it out, with a stack of n frames. The
// places are those of struct record in whyres.bpf.c, written down by hand.
func raw(call uint32, n int) []byte {
	b := make([]byte, 224+8*n)
	le := binary.LittleEndian
	le.PutUint64(b[0:], 1000)
	le.PutUint64(b[8:], 1500)
	le.PutUint32(b[16:], recordCall)
	le.PutUint32(b[20:], flagGo)
	le.PutUint32(b[24:], 77)
	le.PutUint32(b[28:], 78)
	le.PutUint32(b[32:], call)
	le.PutUint32(b[36:], uint32(8*n))
	for i := range 6 {
		le.PutUint64(b[40+8*i:], uint64(0x1000*(i+1)))
	}
	le.PutUint64(b[88:], 0)
	for i := range 4 {
		le.PutUint64(b[96+8*i:], uint64(100*(i+1)))
		le.PutUint64(b[128+8*i:], uint64(100*(i+1)-i))
		attributed := int64(-i)
		le.PutUint64(b[160+8*i:], uint64(attributed))
	}
	le.PutUint64(b[192:], 7)
	for i := range 3 {
		le.PutUint64(b[200+8*i:], uint64(11*(i+1)))
	}
	for i := range n {
		le.PutUint64(b[fixedSize+8*i:], uint64(0x400000+i))
	}
	return b
}

func TestRecordLayout(t *testing.T) {
	if fixedSize != 224 {
		t.Errorf("fixed part of %d bytes, want 224", fixedSize)
	}
	if size := unsafe.Sizeof(kernelRecord{}); size != uintptr(fixedSize)+48*8 {
		t.Errorf("record of %d bytes, fixed part %d", size, fixedSize)
	}
}

func TestDecodeEvent(t *testing.T) {
	d := decoder{pageSize: 4096}
	f, err := d.decode(raw(uint32(callMmap), 3))
	if err != nil {
		t.Fatal(err)
	}
	e := f.Event
	if f.At != 1500 || e.At != 1000 || e.Dur != 500 || e.PID != 77 || e.TID != 78 || e.Call != mem.Mmap {
		t.Errorf("when and who: %+v", e)
	}
	if e.Addr != 0x1000 || e.Len != 0x2000 || e.Prot != 0x3000 || e.MapFlags != 0x4000 || e.FD != 0x5000 || e.Offset != 0x6000 {
		t.Errorf("arguments: %+v", e)
	}
	if want := (mem.RSS{File: 100 * 4096, Anon: 200 * 4096, Swap: 300 * 4096, Shmem: 400 * 4096}); e.Before != want {
		t.Errorf("before %+v, want %+v", e.Before, want)
	}
	if e.Attributed != -4*4096 || e.After.Total()-e.Before.Total() != -4*4096 || len(e.Notes) != 0 {
		t.Errorf("attributed %d, notes %v", e.Attributed, e.Notes)
	}
	if e.Go != (mem.GoCounters{HeapInuse: 11, HeapReleased: 22, HeapFree: 33}) {
		t.Errorf("counters %+v", e.Go)
	}
	if len(e.PCs) != 3 || e.PCs[2] != 0x400002 {
		t.Errorf("stack %x", e.PCs)
	}
}

// What the allocator got is told only where it was counted, for all of the call.
func TestDecodeToAllocator(t *testing.T) {
	for _, c := range []struct {
		name  string
		asked bool
		flags uint32
		want  int64 // -1: not told
	}{
		{"not asked for", false, 0, -1},
		{"asked for", true, 0, 7 * 4096},
		{"entry not seen", true, flagNoEntry, -1},
		{"return not seen", true, flagNoReturn, -1},
	} {
		d := decoder{pageSize: 4096, allocator: c.asked}
		b := raw(uint32(callMadvise), 0)
		binary.LittleEndian.PutUint32(b[20:], c.flags)
		f, err := d.decode(b)
		if err != nil {
			t.Fatal(err)
		}
		got := int64(-1)
		if f.Event.ToAllocator != nil {
			got = *f.Event.ToAllocator
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// What the ring holds comes from our own program, but a mismatch of program and
// object must not become a wrong number or a crash.
func FuzzDecode(f *testing.F) {
	f.Add(raw(uint32(callMadvise), 0))
	f.Add(raw(uint32(callPrctl), 10))
	f.Add(raw(99, 48))
	f.Add([]byte{})
	f.Add(raw(uint32(callMmap), 5)[:fixedSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		d := decoder{pageSize: 4096}
		frame, err := d.decode(b)
		if err != nil {
			return
		}
		if (frame.Event == nil) == (frame.Mark == nil) {
			t.Error("neither an event nor a mark, or both")
		}
		if frame.Event != nil && 8*len(frame.Event.PCs) > max(0, len(b)-fixedSize) {
			t.Error("a stack that was not there")
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	d := decoder{pageSize: 4096}
	r := raw(uint32(callMadvise), 10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.decode(r); err != nil {
			b.Fatal(err)
		}
	}
}
