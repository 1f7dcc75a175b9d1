package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"whyres/bpf/internal/vmtest/protocol"
)

// writeInitramfs makes the guest's whole system: its PID 1, the plan, and each
// test binary in a folder of its own with the package's testdata.
func writeInitramfs(file, guest string, tests []compiled, args []string) error {
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
	c.dir("tests")
	err = addFile(c, "init", guest)
	var plan protocol.Plan
	for i, t := range tests {
		at := fmt.Sprintf("tests/%d", i)
		c.dir(at)
		err = errors.Join(err, addFile(c, at+"/test", t.binary), addTestdata(c, at, t.Dir))
		plan.Tests = append(plan.Tests, protocol.Test{Package: t.ImportPath, Binary: "/" + at + "/test", Dir: "/" + at, Args: args})
	}
	raw, jsonErr := json.Marshal(plan)
	c.file(strings.TrimPrefix(protocol.PlanFile, "/"), 0o644, int64(len(raw)), strings.NewReader(string(raw)))
	return errors.Join(err, jsonErr, c.close(), f.Close())
}

func addFile(c *cpioWriter, name, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.file(name, uint32(info.Mode().Perm()), info.Size(), f)
	return nil
}

// addTestdata adds the package's testdata, if it has any. What is neither file
// nor directory is left out.
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
		}
		return nil
	})
}
