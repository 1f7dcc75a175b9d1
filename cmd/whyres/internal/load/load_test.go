package load

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, line string) *Load {
	t.Helper()
	l, err := Start(Shell(line), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.End(time.Second) })
	return l
}

func wait(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal(what, "did not come")
	}
}

const lastBig = `{"kind":"big","number":1,"of":1,"start":"2026-11-24T20:00:00Z","end":"2026-11-24T20:00:05Z"}`

func TestTheBurstIsOverWhenTheLoadSaysSo(t *testing.T) {
	l := start(t, "echo starting; echo '"+lastBig+"'; sleep 100")
	wait(t, "the burst's end", l.Over())
	if end, told := l.BurstEnd(); !told || !end.Equal(time.Date(2026, 11, 24, 20, 0, 5, 0, time.UTC)) {
		t.Errorf("the burst's end: %v, %v", end, told)
	}
	l.End(5 * time.Second)
	if err := l.Err(); err == nil {
		t.Error("it was killed, but no error")
	}
}

func TestHowALoadFailed(t *testing.T) {
	for line, want := range map[string]string{
		"exit 0":                           "",
		"exit 3":                           "exit status 3",
		"echo one; echo two >&2; exit 4":   "exit status 4: two",
		"echo one; echo last; exit 5":      "exit status 5: last",
		"printf 'no line end' >&2; exit 6": "exit status 6: no line end",
	} {
		l := start(t, line)
		wait(t, "its end", l.Ended())
		got := ""
		if err := l.Err(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// Children of the load end with it, whether it ends by itself, is asked to, or has
// to be killed.
func TestNothingOfALoadIsLeft(t *testing.T) {
	for name, line := range map[string]string{
		"by itself": "sleep 1000 & echo $! >%; exit 0",
		"asked":     "sleep 1000 & echo $! >%; wait",
		"killed":    "trap '' TERM; sleep 1000 & echo $! >%; while :; do sleep 1; done",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "child")
			l := start(t, strings.ReplaceAll(line, "%", file))
			child := number(t, file)
			l.End(200 * time.Millisecond)
			wait(t, "its end", l.Ended())
			for range 100 {
				if syscall.Kill(child, 0) == syscall.ESRCH || zombie(child) {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Errorf("child %d is still there", child)
		})
	}
}

// number waits until it stands in the file.
func number(t *testing.T, file string) int {
	t.Helper()
	for range 500 {
		text, _ := os.ReadFile(file)
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return n
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the child did not say its number")
	return 0
}

// zombie: ended, and nobody has waited for it, which is not for us to do.
func zombie(pid int) bool {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, after, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(after, "Z")
}

func TestRunIsBounded(t *testing.T) {
	if err := Run(t.Context(), Shell("exit 0"), nil, time.Minute); err != nil {
		t.Error(err)
	}
	began := time.Now()
	err := Run(t.Context(), Shell("sleep 1000"), nil, 100*time.Millisecond)
	if err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, Shell("sleep 1000"), nil, time.Minute); err == nil {
		t.Error("it was interrupted, but no error")
	}
	if err := Run(t.Context(), []string{"/no/such/program"}, nil, time.Minute); err == nil {
		t.Error("no such program, but no error")
	}
}

func TestLinesInPieces(t *testing.T) {
	var got []string
	l := NewLines(func(line []byte) { got = append(got, string(line)) })
	long := strings.Repeat("x", 2*longestLine)
	for _, piece := range []string{"on", "e\ntw", "o\n\n", "  \n", long, "\nend"} {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if want := []string{"one", "two", long[:longestLine]}; !slices.Equal(got, want) {
		t.Errorf("%.40q", got)
	}
	if l.Last() != "end" {
		t.Errorf("last %q", l.Last())
	}
}
