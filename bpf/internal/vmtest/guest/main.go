// Command guest is PID 1 of the virtual machines that vmtest boots: it makes
// the system that tests expect, runs the planned test binaries and powers off.
// It may import x/sys/unix, the protocol and the standard library.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"whyres/bpf/internal/vmtest/protocol"
)

// resultPort is the first serial port. The kernel's own messages go to the
// second, so that no line of a test is torn apart by them. outputPort is the third:
// it takes the files that tests leave, as a tar archive.
const (
	resultPort = "/dev/ttyS0"
	outputPort = "/dev/ttyS2"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "guest is the first process of vmtest's virtual machines: run vmtest instead")
		os.Exit(2)
	}
	port, err := start()
	if err == nil {
		err = runPlan(port)
	}
	// What the tests left is worth having, all the more if something broke.
	if err = errors.Join(err, sendOutput(outputPort, protocol.OutputDir)); err != nil {
		say(port, protocol.Broken+strings.ReplaceAll(err.Error(), "\n", "; "))
	} else {
		say(port, protocol.Done)
	}
	powerOff(port)
}

// start makes the system and opens the port that results go to; it is the
// kernel's console if the port cannot be opened.
func start() (*os.File, error) {
	if err := mountAll(); err != nil {
		return os.Stdout, err
	}
	port, err := os.OpenFile(resultPort, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return os.Stdout, err
	}
	return port, errors.Join(loopbackUp(), makeGroup(), os.Mkdir(protocol.OutputDir, 0o755))
}

func runPlan(port *os.File) error {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return fmt.Errorf("uname: %w", err)
	}
	say(port, protocol.Kernel+unix.ByteSliceToString(uts.Release[:]))
	raw, err := os.ReadFile(protocol.PlanFile)
	if err != nil {
		return err
	}
	var plan protocol.Plan
	if err := json.Unmarshal(raw, &plan); err != nil {
		return fmt.Errorf("%s: %w", protocol.PlanFile, err)
	}
	for _, t := range plan.Tests {
		say(port, protocol.Run+t.Package)
		code, err := runTest(port, t)
		if err != nil {
			return err
		}
		say(port, fmt.Sprintf("%s%d", protocol.Exit, code))
	}
	return nil
}

// runTest runs one binary; the code is -1 if a signal ended it.
func runTest(port *os.File, t protocol.Test) (int, error) {
	cmd := exec.Command(t.Binary, t.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.Dir, port, port
	group, err := os.Open(testGroup)
	if err != nil {
		return 0, err
	}
	defer func() { _ = group.Close() }() // a folder
	cmd.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	cmd.Env = []string{
		protocol.EnvInVM + "=1", protocol.EnvPrograms + "=" + protocol.ProgramsDir, protocol.EnvOutput + "=" + protocol.OutputDir,
		"HOME=/tmp", "TMPDIR=/tmp", "PATH=/bin:/sbin", "USER=root", "LANG=C.UTF-8",
	}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// say writes a line of our own, on a new line whatever a test left behind. If it
// cannot be written, the host misses it and says so.
func say(w io.Writer, line string) {
	_, _ = fmt.Fprintf(w, "\n%s%s\n", protocol.Prefix, line)
}

// powerOff ends the virtual machine once the port has sent everything. The
// emulator is told to end at a reset, which unlike ACPI needs no driver.
func powerOff(port *os.File) {
	const drain = 1 // tcdrain(3) is TCSBRK with a non-zero argument
	_ = unix.IoctlSetInt(int(port.Fd()), unix.TCSBRK, drain)
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART); err != nil {
		fmt.Println("reset:", err) // returning panics the kernel, which also ends the emulator
	}
}
