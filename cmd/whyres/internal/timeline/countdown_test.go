package timeline

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// On a terminal the wait is counted down below the rows; what is left on the
// screen at the end is what a pipe gets.
func TestCountdown(t *testing.T) {
	for _, width := range []int{80, 120} {
		var out bytes.Buffer
		tl := New(&out, Options{Width: width, Live: true})
		for _, f := range idleServer(314.2, 19.5) {
			if err := tl.Frame(f); err != nil {
				t.Fatal(err)
			}
		}
		tl.Overhead(300 * time.Millisecond)
		if err := tl.Close(); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		for _, want := range []string{"⧖ in 1m55s: GC 4, which frees up to 12.0 MiB of new objects", "⧖ in 2m54s: about 19.6 MiB leave RES after GC 5, or in", "⧖ in the next 18.0 s: about"} {
			if width == 120 && !strings.Contains(got, want) {
				t.Errorf("nothing counts down with %q", want)
			}
		}
		for part := range strings.SplitSeq(strings.ReplaceAll(got, clearLine, "\n"), "\n") {
			if strings.Contains(part, "⧖ in") && len([]rune(part)) >= width {
				t.Errorf("a countdown of %d columns on a terminal of %d: %q", len([]rune(part)), width, part)
			}
		}
		if left, want := afterErasing(got), render(t, Options{Width: width}, idleServer(314.2, 19.5)); left != want {
			t.Errorf("what is left on the screen differs from what a pipe gets:\n%s\nwant\n%s", left, want)
		}
	}
}

// afterErasing is what a terminal shows in the end.
func afterErasing(out string) string {
	var screen strings.Builder
	for line := range strings.SplitAfterSeq(out, "\n") {
		if at := strings.LastIndex(line, clearLine); at >= 0 {
			line = line[at+len(clearLine):]
		}
		screen.WriteString(line)
	}
	return screen.String()
}
