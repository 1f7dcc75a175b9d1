package culprit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Culprit is what culprit.json says.
type Culprit struct {
	// Name is the folder's, Dir its path.
	Name string `json:"-"`
	Dir  string `json:"-"`
	// Cause is the id that has to come first; of a mixed one there is none.
	Cause string `json:"cause,omitempty"`
	// Mixed: it makes memory for several causes at once and says how much for
	// each; all have to be named, in any order.
	Mixed bool `json:"mixed,omitempty"`
	// Also are causes that it cannot do without: they may come before its own,
	// and be proved too.
	Also []string `json:"also,omitempty"`
	// What it does, for people.
	What string `json:"what"`
	// Go are the releases to build it with; "local" is the one at hand, as is
	// none at all.
	Go []string `json:"go,omitempty"`
	// Args and Env of the program; BuildArgs of go build.
	Args      []string          `json:"args,omitempty"`
	Env       map[string]string `json:"env,omitempty"`
	BuildArgs []string          `json:"build_args,omitempty"`
	// Needs: "root", "gcc", "thp" (huge pages not set to never), "scan" (a kernel
	// that tells huge pages, 6.7).
	Needs []string `json:"needs,omitempty"`
	// See: "explain", one look once it has made its memory, or "trace", which
	// begins before.
	See string `json:"see"`
	// Flags are more flags of that command.
	Flags []string `json:"flags,omitempty"`
	// Settle is how long to wait after it has made its memory, "3s".
	Settle string `json:"settle,omitempty"`
	// Confidence is the least that will do; Least that of some causes of a mixed
	// one, by id.
	Confidence string            `json:"confidence"`
	Least      map[string]string `json:"least,omitempty"`
	// Within is by how many percent the bytes may be off. Beside: they are those
	// beside RES.
	Within int  `json:"within"`
	Beside bool `json:"beside,omitempty"`
	// Remedy makes the cause go; nil where none can be tried here.
	Remedy *Remedy `json:"remedy,omitempty"`
}

// Remedy is how the culprit is run instead, for its cause to go.
type Remedy struct {
	What string `json:"what"`
	// Go is the release to build it with instead, "" the same.
	Go   string            `json:"go,omitempty"`
	Env  map[string]string `json:"env,omitempty"`
	Args []string          `json:"args,omitempty"`
	// BuildArgs are those of go build instead; [] none.
	BuildArgs []string `json:"build_args,omitempty"`
}

// All are the culprits of a folder, by name.
func All(dir string) ([]Culprit, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []Culprit
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		c, err := Load(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// Load reads one culprit.
func Load(dir string) (Culprit, error) {
	c := Culprit{Name: filepath.Base(dir), Dir: dir}
	path := filepath.Join(dir, "culprit.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if len(c.Go) == 0 {
		c.Go = []string{Local}
	}
	if (c.Cause == "") != c.Mixed || c.What == "" || c.Within <= 0 || c.Confidence == "" || !slices.Contains([]string{"explain", "trace"}, c.See) {
		return c, fmt.Errorf("%s: want cause or mixed, what, confidence, within, and see: explain or trace", path)
	}
	return c, nil
}

// Local is the toolchain at hand.
const Local = "local"

// Remedied is the culprit with its remedy applied.
func (c Culprit) Remedied() Culprit {
	if c.Remedy == nil {
		return c
	}
	if c.Remedy.Env != nil {
		c.Env = c.Remedy.Env
	}
	if c.Remedy.Args != nil {
		c.Args = c.Remedy.Args
	}
	if c.Remedy.BuildArgs != nil {
		c.BuildArgs = c.Remedy.BuildArgs
	}
	if c.Remedy.Go != "" {
		c.Go = []string{c.Remedy.Go}
	}
	return c
}
