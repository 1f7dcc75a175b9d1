// Package launch starts a command that is to be traced from its very first
// mmap: stopped at exec, before it has mapped anything of its own, and run as
// the user who called sudo. It imports x/sys/unix, and nothing of whyres.
package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Command is what is to be run.
type Command struct {
	Argv []string
	// Env is added to the environment, in place of what has the same names; of
	// GODEBUG in place of the same settings.
	Env []string
	// Who runs it; nil is whoever runs whyres.
	Who *User
	// In is its standard input; nil: what whyres was given, but never the terminal.
	In *os.File
	// Out and Err are its standard output, which is not the caller's, and error.
	Out, Err *os.File
	// Whole: what is left of its process group when it has ended is killed.
	Whole bool
}

// Child is a command under way.
type Child struct {
	process *os.Process
	whole   bool
	ended   chan struct{}
	state   *os.ProcessState
}

// Start runs the command until its exec, calls ready with its pid while it is
// stopped there, and lets it go. An error of ready ends it. The command has a
// process group of its own, so that Ctrl-C reaches whyres first.
func Start(command Command, ready func(pid int) error) (*Child, error) {
	name := command.Argv[0]
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", name, errors.Unwrap(err))
	}
	stdin := command.In
	if stdin == nil {
		if stdin, err = input(); err != nil {
			return nil, err
		}
		defer func() { _ = stdin.Close() }() // the child has its own
	}
	attr := &os.ProcAttr{
		Env:   with(command.Who.environ(os.Environ()), command.Env),
		Files: []*os.File{stdin, command.Out, command.Err},
		// Should whyres be killed, the command is asked to end all the same.
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true, Pdeathsig: syscall.SIGTERM, Credential: command.Who.credential()},
	}
	started := make(chan error, 1)
	c := &Child{whole: command.Whole, ended: make(chan struct{})}
	go c.run(path, command.Argv, attr, ready, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", name, err)
	}
	return c, nil
}

// run owns the child from start to end. Everything about a traced process must
// be done by the thread that started it.
func (c *Child) run(path string, argv []string, attr *os.ProcAttr, ready func(int) error, started chan<- error) {
	defer close(c.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	process, err := os.StartProcess(path, argv, attr)
	if err != nil {
		started <- unwrapPath(err)
		return
	}
	c.process = process
	err = letGo(process.Pid, ready)
	started <- err
	if c.whole {
		EndGroup(process.Pid)
	}
	c.state, _ = process.Wait()
}

// EndGroup waits until the leader of a process group, a child of whyres, has ended,
// and kills what is left of the group. The leader has still to be waited for: until
// then nobody else can get its number.
func EndGroup(leader int) {
	for {
		err := unix.Waitid(unix.P_PID, leader, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = syscall.Kill(-leader, syscall.SIGKILL)
}

// letGo waits for the stop at exec, calls ready and detaches.
func letGo(pid int, ready func(int) error) error {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, syscall.WALL, nil)
		if !errors.Is(err, syscall.EINTR) {
			if err != nil {
				return fmt.Errorf("wait for its exec: %w", err)
			}
			break
		}
	}
	if !status.Stopped() {
		return fmt.Errorf("it ended before it could be traced: %v", status)
	}
	if err := ready(pid); err != nil {
		return errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
	}
	return syscall.PtraceDetach(pid)
}

// input is what the command reads: what whyres was given, but never the
// terminal, which belongs to the foreground process group.
func input() (*os.File, error) {
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice == 0 {
		fd, err := syscall.Dup(int(os.Stdin.Fd()))
		if err != nil {
			return nil, fmt.Errorf("hand on standard input: %w", err)
		}
		return os.NewFile(uintptr(fd), "stdin"), nil
	}
	return os.Open(os.DevNull)
}

func unwrapPath(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// PID of the command.
func (c *Child) PID() int { return c.process.Pid }

// Ended is closed when the command has ended.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// State is how it has ended; nil while it has not.
func (c *Child) State() *os.ProcessState {
	if !closed(c.ended) {
		return nil
	}
	return c.state
}

// Signal sends the command alone a signal.
func (c *Child) Signal(s os.Signal) error { return c.process.Signal(s) }

// End asks the command to end (SIGTERM), and kills it if it has not after the
// grace. It returns when the command has ended. What it started itself, in its
// process group, is asked as well.
func (c *Child) End(grace time.Duration) error {
	if closed(c.ended) {
		return nil
	}
	_ = syscall.Kill(-c.PID(), syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
	}
	_ = syscall.Kill(-c.PID(), syscall.SIGKILL)
	<-c.ended
	return fmt.Errorf("pid %d did not end within %v of SIGTERM and was killed", c.PID(), grace)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
