package main

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/launch"
)

// aLab is a lab that has nothing left to do.
const aLab = `{"schema":"whyres/lab/1","runs":1,"servers":1,"settle_ns":9000000000,"goal":"res","settings":[{"id":"default","status":"done","runs":[{"run":1,"status":"done"}]}],"how":{"load_limit_ns":60000000000,"at_once":1}}`

// sudoUser is who calls sudo in these tests.
func sudoUser(t *testing.T) *launch.User {
	t.Helper()
	privileged(t)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	who, err := launch.Invoking(0, func(string) string { return nobody.Uid })
	if err != nil || who == nil {
		t.Fatal(who, err)
	}
	return who
}

// What is resumed is run: it has to be the user's own, and nobody else's to write.
func TestWhoseLabIsResumed(t *testing.T) {
	who := sudoUser(t)
	nobody, gid := who.IDs()
	for _, c := range []struct {
		name          string
		folder, file  int // owners
		folderM, mode os.FileMode
		who           *launch.User
		says          string // "": it may be
	}{
		{"the user's", nobody, nobody, 0o700, 0o600, who, ""},
		{"root's", 0, 0, 0o755, 0o644, who, ""},
		{"root's, by root", 0, 0, 0o755, 0o644, nil, ""},
		{"a user's, by root", nobody, nobody, 0o700, 0o600, nil, "another user"},
		{"another's", 1, 1, 0o755, 0o644, who, "belongs to another user (number 1)"},
		{"another's file", nobody, 1, 0o700, 0o644, who, "results.json belongs to another user"},
		{"all may write", 0, 0, 0o777, 0o644, who, "can be written by others"},
		{"a group may write the file", nobody, nobody, 0o700, 0o660, who, "chmod go-w"},
	} {
		dir := filepath.Join(t.TempDir(), "lab")
		file := filepath.Join(dir, labResults)
		for _, err := range []error{
			os.Mkdir(dir, 0o700), os.WriteFile(file, []byte(aLab), 0o600), os.Chown(file, c.file, gid), os.Chmod(file, c.mode),
			os.Chown(dir, c.folder, gid), os.Chmod(dir, c.folderM),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		f, err := openLabFolder(dir, c.who)
		if err != nil {
			t.Fatal(err)
		}
		err = f.trusted()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		_ = f.close()
	}
}

// What is given to the user is what was made, not what stands there by then.
func TestFolderThatWasSwapped(t *testing.T) {
	who := sudoUser(t)
	dir := t.TempDir()
	roots := filepath.Join(dir, "roots")
	if err := os.MkdirAll(filepath.Join(roots, "secret"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := openLabFolder(roots, who) // as if it had come in place of the new one
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if err := f.giveNew(); err == nil || !strings.Contains(err.Error(), "is not the folder that was made") {
		t.Errorf("%v", err)
	}
	if uid := ownerAt(t, roots); uid != 0 {
		t.Errorf("root's folder now belongs to %d", uid)
	}
	made, err := newLabFolder(filepath.Join(dir, "new"), who)
	if err != nil {
		t.Fatal(err)
	}
	defer made.close()
	// Whatever comes by its name, all goes into what was made.
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(roots, filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	file, err := made.create("x")
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	uid, _ := who.IDs()
	for _, path := range []string{"away", "away/x"} {
		if got := ownerAt(t, filepath.Join(dir, path)); got != uid {
			t.Errorf("%s belongs to %d, want %d", path, got, uid)
		}
	}
	if left, err := os.ReadDir(roots); err != nil || len(left) != 1 {
		t.Errorf("root's folder holds %v, %v", left, err)
	}
}

func ownerAt(t *testing.T, path string) int {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		t.Fatal(err)
	}
	return int(stat.Uid)
}

// One lab at a time writes a folder; who looks is let in.
func TestTwoLabsInOneFolder(t *testing.T) {
	privileged(t)
	dir := filepath.Join(t.TempDir(), "lab")
	first, err := newLabFolder(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, labResults), []byte(aLab), 0o600); err != nil {
		t.Fatal(err)
	}
	second := func(flag string) ended { return execute(t, exec.Command(built().whyres, "lab", flag, dir)) }
	if got := second("--resume"); got.code != exitFailed || !strings.Contains(got.err, "another whyres lab is at work in "+dir) || strings.Count(got.err, "\n") != 1 {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if got := second("--show"); got.code != exitDone {
		t.Errorf("--show: exit %d: %s", got.code, got.err)
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	if got := second("--resume"); strings.Contains(got.err, "at work") { // the host is another one
		t.Errorf("after its end: exit %d: %s", got.code, got.err)
	}
}

// A lab that goes on elsewhere, or with other programs, says in what they differ.
func TestLabGoesOnWithTheSame(t *testing.T) {
	l := newLabbing(t)
	target := filepath.Join(l.dir, "my-server")
	program, err := os.ReadFile(builtAs("server"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(target, program, 0o755); err != nil {
		t.Fatal(err)
	}
	fails := filepath.Join(l.dir, "my-fails")
	if err := os.WriteFile(fails, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, results := l.run("--settle", "1s", "--settings", "default", "--target", "./my-server -addr {addr}", "--load", "sleep 0.1; ! test -e my-fails")
	l.saying(row(t, results, "default"), lab.StatusFailed, "the load failed")
	if got.code != exitFailed {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if err := os.Remove(fails); err != nil {
		t.Fatal(err)
	}
	resume := func(dir, says string, args ...string) {
		t.Helper()
		cmd := l.command(append([]string{"--resume", filepath.Join(l.dir, "out")}, args...)...)
		cmd.Dir = dir
		got := execute(t, cmd)
		if (got.code == exitDone) != (says == "") || !strings.Contains(got.err, says) {
			t.Errorf("--resume %v: exit %d, want %q: %s", args, got.code, says, got.err)
		}
	}
	resume(os.TempDir(), "cd there first", "--retry")
	resume(l.dir, "no run could be measured") // what failed is left alone
	if err := os.WriteFile(target, append(program, '\n'), 0o755); err != nil {
		t.Fatal(err)
	}
	resume(l.dir, "the program of the target is another one", "--retry")
	if err := os.WriteFile(target, program, 0o755); err != nil {
		t.Fatal(err)
	}
	resume(l.dir, "", "--retry")
	l.saying(row(t, l.results(), "default"), lab.StatusDone, "")
	l.change(func(r *labFile) { r.How.WhyresProgram.Hash = "another" })
	resume(l.dir, "whyres itself is another one")
	l.change(func(r *labFile) { r.Host.CPUs = 4096 })
	resume(l.dir, "the number of CPUs was 4096, and is ")
}

// change has the lab begun otherwise.
func (l labbing) change(how func(*labFile)) {
	l.t.Helper()
	f, err := openLabFolder(filepath.Join(l.dir, "out"), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.close()
	results, err := f.load()
	if err != nil {
		l.t.Fatal(err)
	}
	how(results)
	if err := f.save(results); err != nil {
		l.t.Fatal(err)
	}
}

// A program that is only called as ours is not run.
func TestProgramsOfOthers(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "pulse")
	if err := os.WriteFile(other, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if path, err := beside("pulse"); err == nil || !strings.Contains(err.Error(), other+" is another program") {
		t.Errorf("%s, %v", path, err)
	}
	t.Setenv("PATH", dir+":"+filepath.Dir(built().whyres))
	if _, err := beside("server"); err != nil {
		t.Error(err)
	}
}

// A link that has come in place of the new folder is not followed, and an empty folder
// of root's that others may enter is not the new one.
func TestFolderThatWasSwappedForALink(t *testing.T) {
	who := sudoUser(t)
	dir := t.TempDir()
	roots := filepath.Join(dir, "roots")
	for _, err := range []error{os.Mkdir(roots, 0o755), os.Symlink(roots, filepath.Join(dir, "link"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	parent, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	if f, err := openMade(int(parent.Fd()), "link", "link"); err == nil {
		t.Errorf("%s was opened", f.Name())
	}
	f, err := openLabFolder(roots, who)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if err := f.giveNew(); err == nil || !strings.Contains(err.Error(), "is not the folder that was made") {
		t.Errorf("%v", err)
	}
	if uid := ownerAt(t, roots); uid != 0 {
		t.Errorf("root's folder now belongs to %d", uid)
	}
}
