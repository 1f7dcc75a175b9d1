package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"whyres/cmd/whyres/internal/culprit"
	"whyres/collector/ledger"
)

// show runs whyres at culprits.
type show struct {
	whyres, dir, sudo string
	out, errs         io.Writer
}

// patience is how long whyres has for ending by itself after a Ctrl-C, which it
// gets from the terminal too: a second one would cut it short.
const patience = 2 * time.Second

// one builds a culprit, runs it, shows what whyres says of it, and ends it.
func (s *show) one(ctx context.Context, c culprit.Culprit) error {
	if err := allowed(c); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "culprit")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	s.say("%s: %s", c.Name, c.What)
	s.say("built with %s", strings.Replace(c.Go[0], culprit.Local, "the Go at hand", 1))
	program, err := c.Build(ctx, c.Go[0], work)
	if err != nil {
		return err
	}
	running, err := c.Start(ctx, program)
	if err != nil {
		return err
	}
	defer running.Stop()
	for name, value := range c.Env {
		s.say("runs with %s=%s", name, value)
	}
	if c.See == "trace" {
		return s.trace(ctx, c, running, filepath.Join(work, "trace.whyres"))
	}
	if err := s.settle(ctx, c, running); err != nil {
		return err
	}
	w, err := s.start(slices.Concat([]string{"explain", "-p", strconv.Itoa(running.PID)}, c.Flags))
	if err != nil {
		return err
	}
	return s.wait(ctx, w)
}

// trace has whyres watch from before the culprit makes its memory. That whyres is
// there shows by its recording.
func (s *show) trace(ctx context.Context, c culprit.Culprit, running *culprit.Running, recording string) error {
	w, err := s.start(slices.Concat([]string{"trace", "-p", strconv.Itoa(running.PID), "-o", recording}, c.Flags))
	if err != nil {
		return err
	}
	for !began(recording) {
		select {
		case err := <-w.ended:
			w.ended <- err
			return s.wait(ctx, w)
		case <-ctx.Done():
			return s.wait(ctx, w)
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := s.settle(ctx, c, running); err != nil {
		return errors.Join(err, s.wait(ctx, w))
	}
	return errors.Join(s.interrupt(w), <-w.ended)
}

// allowed says what is missing for the culprit to run.
func allowed(c culprit.Culprit) error {
	switch {
	case slices.Contains(c.Needs, "root") && os.Geteuid() != 0:
		return fmt.Errorf("%s needs root: run make culprit NAME=%s as root", c.Name, c.Name)
	case slices.Contains(c.Needs, "setting") && os.Getenv("WHYRES_SETTINGS") == "":
		return fmt.Errorf("%s changes a setting of the host: WHYRES_SETTINGS=1 allows it", c.Name)
	}
	return nil
}

// settle has it make its memory, and waits as long as it asks for.
func (s *show) settle(ctx context.Context, c culprit.Culprit, running *culprit.Running) error {
	made, err := running.Make()
	if err != nil {
		return err
	}
	s.say("process %d made %s%s", running.PID, ledger.Size(made.Total), parts(c, made))
	if c.Settle == "" {
		return nil
	}
	wait, err := time.ParseDuration(c.Settle)
	if err != nil {
		return err
	}
	s.say("it needs %v to settle", wait)
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// parts is what it made its memory for.
func parts(c culprit.Culprit, made culprit.Made) string {
	if !c.Mixed {
		return " for " + c.Cause
	}
	var text []string
	for _, id := range slices.Sorted(maps.Keys(made.Parts)) {
		text = append(text, ledger.Size(made.Parts[id])+" for "+id)
	}
	return ": " + strings.Join(text, ", ")
}

// whyres is a run of it; ended gets how it ended.
type whyres struct {
	cmd   *exec.Cmd
	ended chan error
}

// start shows the command, and starts it as root.
func (s *show) start(args []string) (*whyres, error) {
	line := append(strings.Fields(s.sudo), append([]string{s.whyres}, args...)...)
	s.say("%s", strings.Join(line, " "))
	// It ends by a signal of its own, in order: not by the context, at once.
	cmd := exec.CommandContext(context.Background(), line[0], line[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, s.out, s.errs
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w := &whyres{cmd, make(chan error, 1)}
	go func() { w.ended <- cmd.Wait() }()
	return w, nil
}

// wait waits for its end; once ctx is done it has to end soon.
func (s *show) wait(ctx context.Context, w *whyres) error {
	select {
	case err := <-w.ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-w.ended:
		return err
	case <-time.After(patience):
	}
	return errors.Join(s.interrupt(w), <-w.ended)
}

// interrupt is Ctrl-C for whyres alone. What sudo runs, only root may signal; and
// sudo passes on no signal from its own process group.
func (s *show) interrupt(w *whyres) error {
	line := append(strings.Fields(s.sudo), "kill", "-INT", strconv.Itoa(w.cmd.Process.Pid))
	kill := exec.CommandContext(context.Background(), line[0], line[1:]...)
	kill.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return kill.Run()
}

// began: something is recorded.
func began(recording string) bool {
	s, err := os.Stat(recording)
	return err == nil && s.Size() > 0
}

func (s *show) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.errs, "# "+format+"\n", args...)
}
