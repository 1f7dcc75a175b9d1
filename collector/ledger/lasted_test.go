package ledger

import (
	"testing"
	"time"
)

func TestLasted(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 440 * time.Millisecond: "0.4 s", 9940 * time.Millisecond: "9.9 s", 9960 * time.Millisecond: "10 s",
		59400 * time.Millisecond: "59 s", 59600 * time.Millisecond: "1m00s", 185 * time.Second: "3m05s", -2 * time.Second: "-2.0 s",
	} {
		if got := Lasted(d); got != want {
			t.Errorf("Lasted(%v) = %q, want %q", d, got, want)
		}
	}
}
