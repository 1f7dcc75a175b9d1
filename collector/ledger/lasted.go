package ledger

import (
	"fmt"
	"time"
)

// Lasted writes a time as people say it: 0.4 s, 12 s, 3m05s.
func Lasted(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Lasted(-max(d, -time.Duration(1<<62)))
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 59500*time.Millisecond:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	whole := int64(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%dm%02ds", whole/60, whole%60)
}
