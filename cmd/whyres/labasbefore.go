package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/kernel"
)

// labProgram is a program that the runs were made with: with another one they could
// not be compared.
type labProgram struct {
	Path string `json:"path"`
	Hash string `json:"sha256"`
}

// programOf is that at a path; nil where it cannot be read, which its run will tell
// of.
func programOf(path string) *labProgram {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil
	}
	return &labProgram{Path: path, Hash: hex.EncodeToString(sum.Sum(nil))}
}

// programs are the target's and the load's, and whyres itself: what it takes from the
// target is in the numbers. Of a load that sh runs it is what the
// first word names, if that is a program.
func (t *labTools) programs() (target, load, self *labProgram) {
	target, self = programOf(t.target[0]), thisProgram()
	if t.load != nil {
		return target, programOf(t.load[0]), self
	}
	path, err := exec.LookPath(firstWord(t.line))
	if err != nil {
		return target, nil, self
	}
	return target, programOf(path), self
}

// thisProgram is the whyres that runs, whatever stands in its place by now.
func thisProgram() *labProgram {
	p := programOf("/proc/self/exe")
	if path, err := os.Executable(); p != nil && err == nil {
		p.Path = path
	}
	return p
}

// firstWord of a shell's command line; "" where only the shell can tell it.
func firstWord(line string) string {
	for word, err := range syntax.NewParser().WordsSeq(strings.NewReader(line)) {
		if err != nil || putIn(word) != "" {
			break
		}
		text, err := expand.Literal(nil, word)
		if err != nil {
			break
		}
		return text
	}
	return ""
}

// remember keeps what --resume compares.
func (f *labFile) remember(tools labTools) (err error) {
	f.How.TargetProgram, f.How.LoadProgram, f.How.WhyresProgram = tools.programs()
	f.How.Dir, err = os.Getwd()
	return err
}

// asBefore tells whether further runs can be compared with those that were made.
func (f *labFile) asBefore() error {
	const anew = ": begin a new lab, its runs could not be compared with these"
	differs, err := f.hostDiffers()
	if err != nil {
		return err
	}
	if differs != "" {
		return errors.New(differs + anew)
	}
	if here := connectionsHere(); f.How.OwnLoad && here < f.How.Big {
		return fmt.Errorf("its pulses have %d connections, and the limit of open files (ulimit -Hn) allows %d here: raise it", f.How.Big, here)
	}
	if err := f.sameFolder(); err != nil {
		return err
	}
	tools, err := f.tools()
	if err != nil {
		return err
	}
	target, load, self := tools.programs()
	return firstError(f.How.TargetProgram.same("the program of the target", target, anew), f.How.LoadProgram.same("the program of the load", load, anew),
		f.How.WhyresProgram.same("whyres itself", self, anew))
}

// hostDiffers says in what the host is not as it was when the lab began; "" if in
// nothing that memory or its times depend on.
func (f *labFile) hostDiffers() (string, error) {
	host, err := kernel.Default().Host()
	if err != nil {
		return "", err
	}
	return lab.HostDiffers(f.Host, host), nil
}

// sameFolder: command lines of the user's own may have paths that count from where
// the lab began.
func (f *labFile) sameFolder() error {
	here, err := os.Getwd()
	if err != nil || f.How.Dir == "" || f.How.Dir == here || f.How.OwnServer && f.How.OwnLoad {
		return err
	}
	return fmt.Errorf("it began in %s, from where its command lines are to be run: cd there first", f.How.Dir)
}

// same compares with the program now. A lab of old does not know its programs.
func (p *labProgram) same(what string, now *labProgram, remedy string) error {
	if p == nil || now == nil || p.Hash == now.Hash {
		return nil
	}
	changed := p.Path + " has changed"
	if p.Path != now.Path {
		changed = p.Path + " then, " + now.Path + " now"
	}
	return fmt.Errorf("%s is another one (%s)%s", what, changed, remedy)
}
