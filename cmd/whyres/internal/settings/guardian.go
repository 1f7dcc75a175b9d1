package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// order asks the guardian for one change.
type order struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// answer is what became of an order; and at the end, of putting a change back.
type answer struct {
	Change Change `json:"change"`
	Error  string `json:"error,omitempty"`
	// Kind says which error it was, where the caller has use for it.
	Kind string `json:"kind,omitempty"`
}

// Change is a file that was written.
type Change struct {
	Path     string `json:"path"`
	From, To string
	// Restored: what stood there before was read back after it was written.
	Restored bool `json:"restored"`
}

// The kinds of errors that travel between the processes.
const (
	kindPermission = "permission"
	kindMissing    = "missing"
)

// longestSetting bounds what is read of a file.
const longestSetting = 4096

// Guard is the guardian itself: it obeys orders for files below root until in
// ends, and then puts back what it changed, the last change first.
func Guard(root string, in io.Reader, out io.Writer) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	g := guardian{answers: json.NewEncoder(out)}
	if err := g.open(root); err != nil {
		return g.tell(answer{Error: err.Error()})
	}
	defer g.restore() // the folder stays open for it, until the process ends
	if err := g.tell(answer{}); err != nil {
		return err
	}
	orders := json.NewDecoder(in)
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			return nil // the caller is done, or gone
		}
		if err := g.tell(g.obey(o)); err != nil {
			return nil // so it is
		}
	}
}

type guardian struct {
	root    *os.Root
	lock    *os.File // the folder's: to be kept, or a collection would close it
	answers *json.Encoder
	changes []Change
}

func (g *guardian) open(path string) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	g.root = root
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	g.lock = dir // it goes when the process ends
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another whyres is changing settings below %s: wait until it is done (%w)", path, err)
	}
	return nil
}

func (g *guardian) tell(a answer) error { return g.answers.Encode(a) }

func (g *guardian) obey(o order) answer {
	from, err := g.read(o.Path)
	if err == nil && from != o.Value {
		// Known before it is done: no moment is without somebody who restores.
		g.changes = append(g.changes, Change{Path: o.Path, From: from, To: o.Value})
		err = g.writeNew(o.Path, from, o.Value)
	}
	a := answer{Change: Change{Path: o.Path, From: from, To: o.Value}}
	if err != nil {
		a.Error, a.Kind = err.Error(), kindOf(err)
	}
	return a
}

// writeNew forgets a change that was refused and left everything as it was.
func (g *guardian) writeNew(path, from, value string) error {
	err := g.write(path, value)
	if err == nil {
		return nil
	}
	if now, reading := g.read(path); reading == nil && now == from {
		g.changes = g.changes[:len(g.changes)-1]
	}
	return err
}

func kindOf(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		return kindPermission
	case errors.Is(err, fs.ErrNotExist):
		return kindMissing
	}
	return ""
}

// restore puts back what is still as the guardian wrote it. What somebody else has
// changed since is theirs.
func (g *guardian) restore() {
	for i := len(g.changes) - 1; i >= 0; i-- {
		c := g.changes[i]
		err := g.restoreOne(&c)
		a := answer{Change: c}
		if err != nil {
			a.Error = err.Error()
		}
		_ = g.tell(a) // the caller may be gone
	}
	g.changes = nil
}

func (g *guardian) restoreOne(c *Change) error {
	now, err := g.read(c.Path)
	if err != nil {
		return err
	}
	if now == c.To {
		if err := g.write(c.Path, c.From); err != nil {
			return err
		}
		if now, err = g.read(c.Path); err != nil {
			return err
		}
	}
	if c.Restored = now == c.From; !c.Restored {
		return fmt.Errorf("%s was %q, whyres made it %q, and now somebody else has made it %q: left as it is", c.Path, c.From, c.To, now)
	}
	return nil
}

// read is what the file says; of a list of words, the one in brackets.
func (g *guardian) read(path string) (string, error) {
	f, err := g.root.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, longestSetting))
	if err != nil {
		return "", err
	}
	return Chosen(string(text)), nil
}

func (g *guardian) write(path, value string) error {
	f, err := g.root.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// Chosen is a setting's value: the word in brackets of a list such as "always
// [madvise] never", else all of it.
func Chosen(text string) string {
	_, rest, found := strings.Cut(text, "[")
	word, _, closed := strings.Cut(rest, "]")
	if found && closed {
		return word
	}
	return strings.TrimSpace(text)
}
