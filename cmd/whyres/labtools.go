package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/shell"
	"mvdan.cc/sh/v3/syntax"
)

const (
	wantedConnections = 10_000
	// spareFiles is what a server or pulse has open beside connections.
	spareFiles = 200
)

// beside finds a program that comes with whyres: in whyres's own folder, else in
// PATH. Others may be called the same: none but ours is run.
func beside(name string) (string, error) {
	var notOurs string
	for _, find := range []func(string) (string, error){inOwnFolder, exec.LookPath} {
		path, err := find(name)
		if err != nil {
			continue
		}
		if isOurs(path, name) {
			return filepath.Abs(path)
		}
		notOurs = fmt.Sprintf(" (%s is another program)", path)
	}
	return "", fmt.Errorf("there is no whyres's own %s beside whyres, nor in PATH%s: build it by make, or name a program of your own (--target, --load)", name, notOurs)
}

func inOwnFolder(name string) (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	return exec.LookPath(filepath.Join(filepath.Dir(own), name))
}

// isOurs goes by what the go command has noted in the program.
func isOurs(path, name string) bool {
	info, err := buildinfo.ReadFile(path)
	return err == nil && info.Path == "whyres/cmd/"+name
}

// targetWords splits a command line as a shell does; no shell runs. Variables would be
// those of root, whose environment is nothing to the target's user.
func targetWords(line string) ([]string, error) {
	variable, err := variableIn(line)
	if err != nil {
		return nil, usage("--target: %v", err)
	}
	if variable != "" {
		return nil, usage("--target: nothing is replaced, as no shell runs: write out what %s stands for, or quote it: '%s'", variable, variable)
	}
	words, err := shell.Fields(line, func(string) string { return "" })
	switch {
	case err != nil:
		return nil, usage("--target: %v", err)
	case len(words) == 0:
		return nil, usage("--target names no program")
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", words[0], errors.Unwrap(err))
	}
	words[0], err = filepath.Abs(path)
	return words, err
}

// variableIn is the first variable of a command line, home folder or command to be put
// in; "" where it has none.
func variableIn(line string) (found string, err error) {
	for word, err := range syntax.NewParser().WordsSeq(strings.NewReader(line)) {
		if err != nil {
			return "", err
		}
		if lit, ok := word.Parts[0].(*syntax.Lit); ok && strings.HasPrefix(lit.Value, "~") {
			return lit.Value, nil
		}
		if found := putIn(word); found != "" {
			return found, nil
		}
	}
	return "", nil
}

// putIn is the first thing in a word that a shell would put something else in place
// of; "" where it has none.
func putIn(word *syntax.Word) (found string) {
	syntax.Walk(word, func(n syntax.Node) bool {
		if what := replacement(n); found == "" {
			found = what
		}
		return true
	})
	return found
}

func replacement(n syntax.Node) string {
	switch n := n.(type) {
	case *syntax.ParamExp:
		if n.Param == nil {
			return "${}"
		}
		return "$" + n.Param.Value
	case *syntax.CmdSubst:
		return "$()"
	case *syntax.ArithmExp:
		return "$(())"
	case *syntax.ProcSubst:
		return n.Op.String() + ")"
	}
	return ""
}

// goVersionOf a program; "" where it has none.
func goVersionOf(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	return info.GoVersion
}

// connectionsHere is how many connections a pulse can have: each is a file of the
// server, and one of pulse.
func connectionsHere() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Max > wantedConnections+spareFiles {
		return wantedConnections
	}
	return max(int(limit.Max)-spareFiles, 1)
}

// ownLoad is the arguments of pulse: the question's own scenario, or a short one.
// It dials one connection at a time: with more, most of a latency is the wait in
// the queue of pulse's own dials (6 ms of 128, against 0.13 ms), and what memory
// given back costs does not show.
func ownLoad(big int, quick bool) []string {
	pauses := []string{"-i", "3", "-bs", "30", "-ss", "20", "-l", "4"}
	if quick {
		pauses = []string{"-i", "3", "-bs", "2", "-ss", "2", "-l", "1"}
	}
	small := strconv.Itoa(min(big, 1000))
	return append([]string{"-json", "-latency", "-dials", "1", "-addr", "{addr}", "-big", strconv.Itoa(big), "-small", small}, pauses...)
}

// ownScenario is the same in words.
func ownScenario(big int, quick bool) string {
	held, apart, every := "4 s", "30 s", "20 s"
	if quick {
		held, apart, every = "1 s", "2 s", "2 s"
	}
	return fmt.Sprintf("three pulses of %d connections, dialled one at a time, held for %s, %s apart; then pulses of %d, %s apart", big, held, apart, min(big, 1000), every)
}

// place is what stands for the places in a command line.
type place struct {
	addr string // HOST:PORT
	pid  int
}

func (p place) fill(text string) string {
	_, port, _ := strings.Cut(p.addr, ":")
	return strings.NewReplacer("{addr}", p.addr, "{port}", port, "{pid}", strconv.Itoa(p.pid)).Replace(text)
}

func (p place) fillAll(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = p.fill(w)
	}
	return out
}
