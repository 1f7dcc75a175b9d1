package main

import (
	"context"
	"errors"
	"time"
)

// patience is how long something takes before the person is told to wait.
const patience = 2 * time.Second

// errInterrupted: what was asked for once was not done.
var errInterrupted = errors.New("interrupted before it was done")

// interrupted is how a command ends that a signal interrupted: it is an error
// unless the command goes on until then.
func interrupted(endless bool) error {
	if endless {
		return nil
	}
	return errInterrupted
}

// patiently does what usually is quick: it says so once where it is not, and
// returns at once when interrupted. What is under way then goes on until the
// program ends, which is right for reading.
func patiently[T any](ctx context.Context, s streams, do func() (T, error)) (T, error) {
	return waiting(ctx, do, func() { s.say("reading takes longer than usual ...") }, 0)
}

// waiting does something and calls late once it takes longer than patience, and then
// again and again if again is not 0. When interrupted it returns at once, with the
// context's error, and leaves what is under way.
func waiting[T any](ctx context.Context, do func() (T, error), late func(), again time.Duration) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	slow := time.NewTimer(patience)
	defer slow.Stop()
	for {
		select {
		case r := <-done:
			return r.value, r.err
		case <-slow.C:
			late()
			if again > 0 {
				slow.Reset(again)
			}
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
	}
}
