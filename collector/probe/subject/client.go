package subject

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Limit is how long one run may take: the longest watches RES for five seconds,
// and an emulated machine is slow.
const Limit = 60 * time.Second

// Process is the caller's half: the process that runs cases.
type Process struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	requests *json.Encoder
	answers  *json.Decoder
	ended    bool
}

// Start starts the command, which must call Serve on its standard streams. It gets
// none of the settings that somebody made for the Go runtime of another program.
func Start(cmd *exec.Cmd) (*Process, error) {
	cmd.Env = slices.DeleteFunc(cmd.Environ(), forRuntime)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the process that is measured: %w", err)
	}
	return &Process{cmd: cmd, in: in, requests: json.NewEncoder(in), answers: json.NewDecoder(out)}, nil
}

// forRuntime: a setting of what the Go runtime collects and releases, and how
// (package runtime, "Environment Variables").
func forRuntime(setting string) bool {
	name, _, _ := strings.Cut(setting, "=")
	return name == "GODEBUG" || name == "GOGC" || name == "GOMEMLIMIT"
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Run has it run the case once. After an error it is of no use any more.
func (p *Process) Run(ctx context.Context, id string) (Run, error) {
	ctx, done := context.WithTimeout(ctx, Limit)
	defer done()
	// The answer's reader waits in the kernel: the end of the process wakes it.
	defer context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })()
	var run Run
	err := p.requests.Encode(request{ID: id})
	if err == nil {
		err = p.answers.Decode(&run)
	}
	if err == nil {
		return run, nil
	}
	how := p.Close()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Run{}, fmt.Errorf("the case %s was not done after %v", id, Limit)
	case ctx.Err() != nil:
		return Run{}, ctx.Err()
	case how == nil:
		how = err
	}
	return Run{}, fmt.Errorf("the process that is measured ended in the case %s: %w", id, how)
}

// Close ends the process. Once it has ended this does nothing.
func (p *Process) Close() error {
	if p.ended {
		return nil
	}
	p.ended = true
	_ = p.in.Close() // a pipe: it has nothing to lose
	patience := time.AfterFunc(Limit, func() { _ = p.cmd.Process.Kill() })
	defer patience.Stop()
	return p.cmd.Wait()
}
