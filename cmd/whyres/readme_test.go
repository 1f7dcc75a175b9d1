package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/ledger"
)

// Each command that the README shows is run, as it stands but for the numbers
// that only stand for something. The targets of make are what CI itself runs.
func TestCommandsOfTheREADME(t *testing.T) {
	privileged(t)
	dir := inACheckout(t)
	target := strconv.Itoa(startSubject(t, "sleep").Process.Pid)
	ci, err := os.ReadFile("../../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	commands := readmeCommands(t)
	if len(commands) < 10 {
		t.Fatalf("only %d commands found: %q", len(commands), commands)
	}
	for _, command := range commands {
		if strings.HasPrefix(command, "make") {
			if !regexp.MustCompile(`(?m)^(if ! )?` + command + `( |$)`).Match(ci) {
				t.Errorf(".ci/run does not run %q", command)
			}
			continue
		}
		t.Run(command, func(t *testing.T) {
			if strings.HasPrefix(command, "bin/pulse") {
				serve(t, dir)
			}
			line := strings.NewReplacer("sudo ", "", "4242", target, "--for 10m", "--for 1s").Replace(command)
			cmd := exec.Command("bash", "-o", "pipefail", "-c", line)
			cmd.Dir = dir
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			// Those that run until Ctrl-C get it.
			got := executeAnd(t, cmd, 3*time.Second, func(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGINT) })
			if why := wrong(got, command, dir); why != "" {
				t.Errorf("%s: exit %d\n%s%s", why, got.code, got.out, got.err)
			}
		})
	}
}

// The lab's tables in the README are those of the results that are kept with it.
func TestLabOfTheREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	got := execute(t, exec.Command(built().whyres, "lab", "--show", "testdata/night", "--markdown"))
	if got.code != 0 || len(got.out) < 1000 {
		t.Fatalf("exit %d: %s%s", got.code, got.out, got.err)
	}
	if !strings.Contains(string(readme), strings.TrimSpace(got.out)) {
		t.Errorf("the README does not have this (whyres lab --show cmd/whyres/testdata/night --markdown):\n%s", got.out)
	}
}

// So are the numbers of two servers.
func TestTwoServersOfTheREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	got := execute(t, exec.Command(built().whyres, "lab", "--show", "testdata/pair", "--json"))
	var r lab.Result
	if err := json.Unmarshal([]byte(got.out), &r); err != nil {
		t.Fatalf("%v: %s%s", err, got.out, got.err)
	}
	base, freed := r.Row(lab.Default), r.Row("free-once")
	size := func(bytes float64) string { return ledger.Size(int64(bytes)) }
	for _, want := range []string{
		"at the most " + size(base.Measures.Peak.Median) + " between them", "of " + size(base.SumOfPeaks().Median) + " that both need", "it was " + size(freed.Measures.Peak.Median) + " (one run",
	} {
		if !strings.Contains(strings.Join(strings.Fields(string(readme)), " "), want) {
			t.Errorf("the README does not say %q", want)
		}
	}
}

// wrong says what is not as the README's reader would expect; "" if nothing: there
// is something to read, printed or in the file that was asked for. A lab takes longer
// than a test has: interrupted, it says how it goes on.
func wrong(got ended, command, dir string) string {
	if strings.Contains(command, "whyres lab") && !strings.Contains(command, "--show") {
		if got.code != 1 || !strings.Contains(got.err, "whyres lab --resume") {
			return "it does not say how to go on"
		}
		return ""
	}
	size := int64(len(got.out))
	if _, name, ok := strings.Cut(command, " -o "); ok {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			size = max(size, info.Size())
		}
	}
	if got.code != 0 || size < 20 {
		return "nothing to read"
	}
	return ""
}

// serve starts the server that the README's pulse loads.
func serve(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "bin/server"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	time.Sleep(300 * time.Millisecond)
}

// inACheckout is a folder with bin, as make leaves one.
func inACheckout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("../../cmd")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(source, filepath.Join(dir, "cmd")); err != nil {
		t.Fatal(err)
	}
	built := filepath.Dir(built().whyres)
	for _, name := range []string{"whyres", "server", "pulse"} {
		if err := os.Symlink(filepath.Join(built, name), filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readmeCommands are the lines of the README's sh blocks, without their
// comments.
func readmeCommands(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if command, _, _ := strings.Cut(line, " # "); strings.TrimSpace(command) != "" {
				commands = append(commands, strings.TrimSpace(command))
			}
		}
	}
	return commands
}
