package discover

import (
	"testing"
	"time"
)

// BenchmarkRefresh is one look at 50 processes at rest that are open already.
func BenchmarkRefresh(b *testing.B) {
	for range 50 {
		start(b)
	}
	h := newHost(b)
	for b.Loop() {
		if _, err := h.Look(b.Context(), time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
