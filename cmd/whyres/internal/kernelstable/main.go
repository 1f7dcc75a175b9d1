// Command kernelstable writes the table "madvise across kernels" into a page: of
// what whyres probe said on each kernel of the last `make test-kernels`.
//
//	go run ./cmd/whyres/internal/kernelstable README.md
//
// The page has two lines between which the table goes; the rest is left as it
// is. It may import collector/probe and the standard library; table.go is pure.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"whyres/collector/probe"
)

// errNoResults: there is nothing to make a table of.
var errNoResults = errors.New("no probe.json of any kernel there: `make test-kernels` makes them")

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "kernelstable:", err)
		os.Exit(1)
	}
}

func run(args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("kernelstable", flag.ContinueOnError)
	f.SetOutput(stderr)
	results := f.String("results", "", "`folder` with LINE/probe.json (default: where make test-kernels puts them)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return errors.New("name the page to write the table into")
	}
	if *results == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		*results = filepath.Join(cache, "whyres", "kernels", "results")
	}
	reports, err := readAll(*results)
	if err != nil {
		return err
	}
	page, err := os.ReadFile(f.Arg(0))
	if err != nil {
		return err
	}
	page, err = replace(page, table(reports))
	if err != nil {
		return fmt.Errorf("%s: %w", f.Arg(0), err)
	}
	return write(f.Arg(0), page)
}

// readAll reads what each kernel said, the oldest line first.
func readAll(dir string) ([]kernel, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "probe.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, errNoResults)
	}
	var all []kernel
	for _, file := range files {
		r, err := read(file)
		if err != nil {
			return nil, err
		}
		all = append(all, kernel{filepath.Base(filepath.Dir(file)), r})
	}
	sortKernels(all)
	return all, nil
}

func read(file string) (*probe.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	r, err := probe.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// write replaces the page whole or not at all.
func write(file string, page []byte) error {
	partial := file + ".partial"
	if err := os.WriteFile(partial, page, 0o644); err != nil {
		return err
	}
	return os.Rename(partial, file)
}
