package kernel

import (
	"testing"
	"time"
)

// The Go runtime reads the same clock.
func TestNow(t *testing.T) {
	first := time.Now()
	from := Now()
	start := time.Now()
	for time.Since(start) < 2*time.Millisecond {
	}
	got, most := Now().Sub(from), time.Since(first)
	if got < 2*time.Millisecond || got > most {
		t.Errorf("%v went by, want 2ms to %v", got, most)
	}
}

func TestOwnCPU(t *testing.T) {
	before, err := OwnCPU()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for time.Since(start) < 30*time.Millisecond {
	}
	after, err := OwnCPU()
	if err != nil {
		t.Fatal(err)
	}
	if used := after - before; used <= 0 || used > 10*time.Second {
		t.Errorf("used %v of CPU in a busy loop", used)
	}
}
