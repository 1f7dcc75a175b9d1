package main

import (
	"encoding/json"
	"errors"
	"fmt"
	goversion "go/version"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/launch"
	"whyres/collector/ledger"
)

const (
	// labResults is the file of a lab's folder that says what was measured.
	labResults = "results.json"
	// longestResults bounds what is read of a results file: 100 runs of 60 settings
	// fit, at 10 KB a run.
	longestResults = 64 << 20
)

// labFile is what stands in a lab's results.json, and what --json prints.
type labFile struct {
	lab.Result
	// How is what --resume needs beside the result.
	How labHow `json:"how"`
}

// labHow is how the runs are made.
type labHow struct {
	// OwnServer: the target is the experiment's server; the load may be another.
	OwnServer bool `json:"own_server"`
	OwnLoad   bool `json:"own_load"`
	// GC and Free are the commands that tell the target; "" for the server's signals,
	// or for none.
	GC        string `json:"gc,omitempty"`
	Free      string `json:"free,omitempty"`
	LoadLimit int64  `json:"load_limit_ns"`
	AtOnce    int    `json:"at_once"`
	// Big is how many connections a big pulse of the own load has.
	Big int `json:"big,omitempty"`
	// TargetProgram, LoadProgram and whyres itself, and the folder where the lab
	// began, are to be the same when it goes on. A lab of old does not have them.
	TargetProgram *labProgram `json:"target_program,omitempty"`
	WhyresProgram *labProgram `json:"whyres_program,omitempty"`
	LoadProgram   *labProgram `json:"load_program,omitempty"`
	Dir           string      `json:"dir,omitempty"`
}

// labFolder is where a lab keeps its results and recordings. All goes through the
// open folder, wherever its name leads to meanwhile.
type labFolder struct {
	name string
	dir  *os.File // the same folder as root: it holds the lock
	root *os.Root
	who  *launch.User // to whom everything belongs
}

// newLabFolder makes one that was not there, and locks it.
func newLabFolder(name string, who *launch.User) (*labFolder, error) {
	if name == "" {
		name = time.Now().Format("lab-20060102-150405")
	}
	dir, err := makeDir(name)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%s is there already: choose another name for -o, or go on with it by --resume %s", name, name)
	case err != nil:
		return nil, fmt.Errorf("cannot make the folder for the results: %w", err)
	}
	f, err := folderOf(name, dir, who)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.giveNew(), f.lock()); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func openLabFolder(name string, who *launch.User) (*labFolder, error) {
	dir, err := os.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lab's folder: %w", err)
	}
	return folderOf(name, dir, who)
}

// folderOf is the folder that is open.
func folderOf(name string, dir *os.File, who *launch.User) (*labFolder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open the lab's folder: %w", err), dir.Close())
	}
	if err := sameFile(dir, root); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open %s: %w", name, err), root.Close(), dir.Close())
	}
	return &labFolder{name: name, dir: dir, root: root, who: who}, nil
}

// sameFile: by its name another folder can have been opened the second time.
func sameFile(dir *os.File, root *os.Root) error {
	one, err := dir.Stat()
	if err != nil {
		return err
	}
	other, err := root.Stat(".")
	if err == nil && !os.SameFile(one, other) {
		err = errors.New("it was replaced at this moment")
	}
	return err
}

// close also gives up the lock.
func (f *labFolder) close() error { return errors.Join(f.root.Close(), f.dir.Close()) }

// create makes a file that is not there, for its owner alone. It is given to the
// user who called sudo by what is open: its name may be another file's by then.
func (f *labFolder) create(name string) (*os.File, error) {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.give(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// remove takes away what an interrupted run has left, if there is any.
func (f *labFolder) remove(name string) error {
	err := f.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// save writes the results in place of those before, which stay until the new ones
// are whole.
func (f *labFolder) save(results *labFile) error {
	const unfinished = labResults + ".new"
	text, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	if err := f.remove(unfinished); err != nil {
		return err
	}
	file, err := f.create(unfinished)
	if err != nil {
		return err
	}
	_, err = file.Write(append(withoutC1(text), '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(f.cannotKeep(err), f.remove(unfinished))
	}
	return f.root.Rename(unfinished, labResults)
}

// cannotKeep says what to do when the disk is full.
func (f *labFolder) cannotKeep(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("no room to keep the results: make some, and go on with --resume %s: %w", f.name, err)
	}
	return fmt.Errorf("cannot keep the results: %w", err)
}

// load reads the results.
func (f *labFolder) load() (*labFile, error) {
	file, err := openRegular(f.root, labResults)
	if err != nil {
		return nil, fmt.Errorf("%s holds no lab: %w", f.name, err)
	}
	defer func() { _ = file.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(file, longestResults+1))
	if err != nil {
		return nil, err
	}
	if len(text) > longestResults {
		return nil, fmt.Errorf("%s of %s is larger than %s, which no lab's is", labResults, f.name, ledger.Size(longestResults))
	}
	var results labFile
	if err := json.Unmarshal(text, &results); err != nil {
		return nil, fmt.Errorf("%s of %s is damaged: %w", labResults, f.name, err)
	}
	if err := errors.Join(results.Valid(), results.check()); err != nil {
		return nil, fmt.Errorf("%s of %s is damaged: %w", labResults, f.name, err)
	}
	return &results, nil
}

// check refuses, beside what Valid does, what would do harm: names become names of
// files, numbers loops.
func (r *labFile) check() error {
	within := func(n, least, most int64) bool { return n >= least && n <= most }
	if !within(int64(r.Servers), 1, mostServers) || !within(int64(r.How.AtOnce), 1, mostAtOnce) ||
		!within(r.Settle, int64(leastSettle), int64(mostTime)) || !within(r.How.LoadLimit, int64(leastLoadLimit), int64(mostTime)) {
		return errors.New("its numbers make no sense")
	}
	for i := range r.Rows {
		s := &r.Rows[i].Setting
		switch {
		case s.Go != "" && (!goversion.IsValid(s.Go) || !goodLabID(s.Go)):
			return fmt.Errorf("%q is no Go version", s.Go)
		case s.THP != "" && !slices.Contains(thpModes(), s.THP):
			return fmt.Errorf("%q is no mode of huge pages", s.THP)
		}
	}
	return nil
}

// goodLabID: letters, digits, dashes, and dots within.
func goodLabID(id string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-."
	return id != "" && len(id) < 64 && id[0] != '.' && strings.Trim(id, letters) == ""
}

// recordingName is where a run of one of several servers is recorded; nth counts from 1.
func recordingName(id string, run, nth, servers int) string {
	if servers == 1 {
		return fmt.Sprintf("%s-%d.whyres.zst", id, run)
	}
	return fmt.Sprintf("%s-%d-server%d.whyres.zst", id, run, nth)
}
