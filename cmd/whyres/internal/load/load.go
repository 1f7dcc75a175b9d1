package load

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"whyres/cmd/whyres/internal/launch"
)

// drain is how long output is waited for once the process has ended.
const drain = time.Second

// Load is a command under way.
type Load struct {
	cmd   *exec.Cmd
	said  *Lines // on stdout
	moans *Lines // on stderr
	over  chan struct{}
	ended chan struct{}
	err   error // how it ended

	mu     sync.Mutex
	pulses []Pulse
	told   bool // over is closed
	reaped bool // somebody else may have its number now
}

// Shell is a command line as sh runs it.
func Shell(line string) []string { return []string{"/bin/sh", "-c", line} }

// Start runs the command as the user.
func Start(argv []string, who *launch.User) (*Load, error) {
	l := &Load{over: make(chan struct{}), ended: make(chan struct{}), moans: NewLines(nil)}
	l.said = NewLines(l.line)
	l.cmd = exec.Command(argv[0], argv[1:]...) //nolint:noctx // End ends it, with its group
	who.Apply(l.cmd)
	l.cmd.Stdout, l.cmd.Stderr, l.cmd.WaitDelay = l.said, l.moans, drain
	started := make(chan error, 1)
	go l.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", argv[0], err)
	}
	return l, nil
}

// run owns the process. It keeps its thread: the process is asked to end when the
// thread that started it does.
func (l *Load) run(started chan<- error) {
	defer close(l.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := l.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	launch.EndGroup(l.cmd.Process.Pid)
	l.mu.Lock()
	l.reaped = true
	l.mu.Unlock()
	l.err = l.cmd.Wait()
}

func (l *Load) signal(s syscall.Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.reaped {
		_ = syscall.Kill(-l.cmd.Process.Pid, s)
	}
}

func (l *Load) line(text []byte) {
	p, ok := parse(text)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pulses = append(l.pulses, p)
	if p.endsBurst() && !l.told {
		l.told = true
		close(l.over)
	}
}

// Over is closed when the last big pulse is over, which only a load that tells of
// its pulses has.
func (l *Load) Over() <-chan struct{} { return l.over }

// Ended is closed when the command has ended.
func (l *Load) Ended() <-chan struct{} { return l.ended }

// Pulses are those that it has told of.
func (l *Load) Pulses() []Pulse {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.pulses)
}

// BurstEnd is when the last big pulse had been closed; false where it has not told.
func (l *Load) BurstEnd() (time.Time, bool) {
	for _, p := range l.Pulses() {
		if p.endsBurst() {
			return p.End, true
		}
	}
	return time.Time{}, false
}

// Err says how the command failed, after Ended; nil if it did not.
func (l *Load) Err() error {
	if l.err == nil {
		return nil
	}
	for _, last := range []string{l.moans.Last(), l.said.Last()} {
		if last != "" {
			return fmt.Errorf("%w: %s", l.err, last)
		}
	}
	return l.err
}

// End asks the whole group to end, kills it after the grace, and returns when the
// command has ended.
func (l *Load) End(grace time.Duration) {
	l.signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	select {
	case <-l.ended:
		return
	case <-ctx.Done():
	}
	l.signal(syscall.SIGKILL)
	<-l.ended
}

// Run runs a command to its end, at most so long.
func Run(ctx context.Context, argv []string, who *launch.User, most time.Duration) error {
	l, err := Start(argv, who)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	select {
	case <-l.Ended():
		return l.Err()
	case <-ctx.Done():
		l.End(drain)
		return fmt.Errorf("it did not end within %v: %w", most, ctx.Err())
	}
}
