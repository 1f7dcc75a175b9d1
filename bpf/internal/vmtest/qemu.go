package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

const emulator = "qemu-system-x86_64"

// machine is how virtual machines are built.
type machine struct {
	accel   string // QEMU's -accel
	smp     string // QEMU's -smp
	memory  string // QEMU's -m
	append  string // more of the kernel's command line
	timeout time.Duration
	quiet   time.Duration // silence that is taken for a hang
}

// disks are the files of one machine: what it boots from, and where what comes out of
// its second and third serial port goes.
type disks struct{ image, initramfs, kernelLog, output string }

// findEmulator says what to install if there is none.
func findEmulator() error {
	if _, err := exec.LookPath(emulator); err != nil {
		return fmt.Errorf("kernels are booted in QEMU (apt-get install qemu-system-x86, or dnf install qemu-system-x86-core): %w", err)
	}
	return nil
}

// boot starts the kernel and gives each line that the guest prints to line, until the
// machine ends, hangs, or the time is up.
func (m machine) boot(ctx context.Context, d disks, line func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	ctx, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	cmd := exec.CommandContext(ctx, emulator,
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none",
		"-accel", m.accel, "-smp", m.smp, "-m", m.memory,
		"-kernel", d.image, "-initrd", d.initramfs,
		"-append", "console=ttyS1 loglevel=5 panic=-1 "+m.append,
		"-serial", "stdio", "-serial", "file:"+d.kernelLog, "-serial", "file:"+d.output)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	w := &watch{files: []string{d.kernelLog, d.output}, quiet: m.quiet}
	go w.until(ctx, min(m.quiet, time.Second), func(why error) { kill(why) })
	readErr := eachLine(w.listen(out), line)
	err = cmd.Wait()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errHang):
		return fmt.Errorf("%w: no output for %v, on no port (see -quiet)", errHang, m.quiet)
	case errors.Is(cause, errFlood):
		return fmt.Errorf("%w: more than %d MiB", errFlood, maxHeard>>20)
	case errors.Is(cause, context.DeadlineExceeded):
		return fmt.Errorf("stopped after %v: give it more with -timeout", m.timeout)
	case cause != nil:
		return cause
	case err != nil:
		return fmt.Errorf("%s: %w", emulator, err)
	}
	return readErr
}

// eachLine reads to the end. A line longer than 64 KiB comes in pieces.
func eachLine(r io.Reader, line func(string)) error {
	for b := bufio.NewReaderSize(r, 64<<10); ; {
		s, _, err := b.ReadLine()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return fmt.Errorf("read the serial port: %w", err)
		}
		line(string(s))
	}
}
