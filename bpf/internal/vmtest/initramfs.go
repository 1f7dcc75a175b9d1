package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"whyres/bpf/internal/vmtest/protocol"
)

// guestSystem is all that a machine's file system is made of.
type guestSystem struct {
	init     string            // file of PID 1
	tools    map[string]string // what is in /bin, and the files it comes from
	programs string            // folder of what tests run; "" for none
	tests    []compiled
	args     []string // of each test binary
}

func (g guestSystem) packages() (paths []string) {
	for _, t := range g.tests {
		paths = append(paths, t.ImportPath)
	}
	return paths
}

// write makes the archive: PID 1, the shell, the programs, the plan, and each test
// binary in a folder of its own with the package's testdata.
func (g guestSystem) write(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	c := newCpioWriter(f)
	c.dir("dev")
	// Before devtmpfs is mounted: the kernel opens the console for PID 1, and
	// Go wants all three standard files open.
	c.char("dev/console", 5, 1)
	c.char("dev/null", 1, 3)
	err = errors.Join(addFile(c, "init", g.init), g.addTools(c), g.addPrograms(c))
	plan, testsErr := g.addTests(c)
	raw, jsonErr := json.Marshal(plan)
	c.file(strings.TrimPrefix(protocol.PlanFile, "/"), 0o644, int64(len(raw)), strings.NewReader(string(raw)))
	return errors.Join(err, testsErr, jsonErr, c.close(), f.Close())
}

func (g guestSystem) addTests(c *cpioWriter) (plan protocol.Plan, err error) {
	c.dir("tests")
	for i, t := range g.tests {
		at := fmt.Sprintf("tests/%d", i)
		c.dir(at)
		err = errors.Join(err, addFile(c, at+"/test", t.binary), addTestdata(c, at, t.Dir))
		args := g.args
		if skip := skipFlag(t.ImportPath); skip != "" {
			args = append(args[:len(args):len(args)], skip)
		}
		plan.Tests = append(plan.Tests, protocol.Test{Package: t.ImportPath, Binary: "/" + at + "/test", Dir: "/" + at, Args: args})
	}
	return plan, err
}

// addTools adds a shell and what else tests start that want any process at all: a file
// for each name, as programs are told by their files.
func (g guestSystem) addTools(c *cpioWriter) error {
	c.dir("bin")
	var err error
	for _, name := range slices.Sorted(maps.Keys(g.tools)) {
		err = errors.Join(err, addProgram(c, "bin/"+name, g.tools[name]))
	}
	return err
}

func (g guestSystem) addPrograms(c *cpioWriter) error {
	if g.programs == "" {
		return nil
	}
	entries, err := os.ReadDir(g.programs)
	at := strings.TrimPrefix(protocol.ProgramsDir, "/")
	c.dir(at)
	for _, e := range entries {
		err = errors.Join(err, addProgram(c, path.Join(at, e.Name()), filepath.Join(g.programs, e.Name())))
	}
	return err
}

func addFile(c *cpioWriter, name, from string) error { return addAs(c, name, from, 0) }

// addProgram adds a file that everybody may run.
func addProgram(c *cpioWriter, name, from string) error { return addAs(c, name, from, 0o555) }

// addAs adds a file, with these permissions besides its own.
func addAs(c *cpioWriter, name, from string, more uint32) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.file(name, uint32(info.Mode().Perm())|more, info.Size(), f)
	return nil
}

// addTestdata adds the package's testdata, if it has any. What is neither file,
// link nor directory is left out.
func addTestdata(c *cpioWriter, at, dir string) error {
	root := filepath.Join(dir, "testdata")
	return filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if file == root && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		name := path.Join(at, filepath.ToSlash(rel))
		switch {
		case e.IsDir():
			c.dir(name)
		case e.Type().IsRegular():
			return addFile(c, name, file)
		case e.Type() == fs.ModeSymlink:
			target, err := os.Readlink(file)
			c.link(name, target)
			return err
		}
		return nil
	})
}
