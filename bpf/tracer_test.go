package bpf

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

func TestSmoke(t *testing.T) {
	for _, way := range []Attach{AttachRaw, AttachFunctions} {
		tr, err := Open(Options{Attach: way})
		if err != nil {
			t.Errorf("%s: %v", way, err)
			continue
		}
		t0 := time.Now()
		if err := tr.Follow(os.Getpid()); err != nil {
			t.Fatal(err)
		}
		b, err := unix.Mmap(-1, 0, 8<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 4<<20; i += 4096 {
			b[i] = 1
		}
		unix.Madvise(b, unix.MADV_DONTNEED)
		unix.Munmap(b)
		fr, dr, err := tr.Read(make([]mem.Frame, 0, 100), time.Now().Add(100*time.Millisecond))
		t.Log(len(fr), dr, err, time.Since(t0))
		for _, f := range fr {
			if f.Event != nil {
				t.Logf("%+v", *f.Event)
			} else {
				t.Logf("%+v", *f.Mark)
			}
		}
		l, err := tr.Lost()
		t.Log(l, err, tr.Missing())
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	}
}
