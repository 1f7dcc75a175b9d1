package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPatience(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		takes time.Duration
		says  int
	}{
		{0, 0},
		{patience + 300*time.Millisecond, 1},
	} {
		var out, errs bytes.Buffer
		got, err := patiently(t.Context(), streams{nil, &out, &errs}, func() (int, error) {
			time.Sleep(tt.takes)
			return 7, nil
		})
		if got != 7 || err != nil || out.Len() != 0 || strings.Count(errs.String(), "\n") != tt.says {
			t.Errorf("after %v: %d, %v, %q and %q", tt.takes, got, err, out.String(), errs.String())
		}
	}
}

func TestPatienceEndsWithCtrlC(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	forever := make(chan struct{})
	defer close(forever)
	time.AfterFunc(50*time.Millisecond, stop)
	began := time.Now()
	_, err := patiently(ctx, streams{nil, &bytes.Buffer{}, &bytes.Buffer{}}, func() (int, error) { <-forever; return 0, nil })
	if !errors.Is(err, context.Canceled) || exitCode(err) != exitDone || time.Since(began) > time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// An interrupted replay ends, whatever there is left to read.
func TestReplayEndsWithCtrlC(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := replay(ctx, streams{strings.NewReader("{}\n"), &bytes.Buffer{}, &bytes.Buffer{}}, display{}, "-")
	if !errors.Is(err, errInterrupted) || exitCode(err) != exitFailed {
		t.Errorf("%v", err)
	}
}
