package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/report"
	"whyres/cmd/whyres/internal/timeline"
)

// mostLabRecordings is how many recordings of a lab a page shows.
const mostLabRecordings = 24

// errNoRuns: there is nothing to compare.
var errNoRuns = errors.New("the lab has no run yet: there is nothing to show")

// readLab reads a lab's folder.
func (in *reportInput) readLab(s streams, progress *reads, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return withoutPath(err)
	}
	defer func() { _ = root.Close() }() // only read
	f, err := openRegular(root, labResults)
	if err != nil {
		return fmt.Errorf("no lab's folder: %s: %w", labResults, withoutPath(err))
	}
	defer func() { _ = f.Close() }() // only read
	return in.readResults(s, progress, filepath.Join(folder, labResults), progress.open(f, f.Name()))
}

// readResults reads what a lab measured, and the recordings beside it.
func (in *reportInput) readResults(s streams, progress *reads, path string, from io.Reader) error {
	if in.lab != nil {
		return errors.New("a page shows one lab")
	}
	result := &lab.Result{}
	if err := json.NewDecoder(io.LimitReader(from, longestResults)).Decode(result); err != nil {
		return fmt.Errorf("not what whyres lab writes: %w", err)
	}
	if result.Schema != lab.Schema {
		return fmt.Errorf("made by another whyres: its schema is %s, this one knows %s", timeline.Clean(result.Schema, 40), lab.Schema)
	}
	if !hasRun(result) {
		return errNoRuns
	}
	if err := result.Valid(); err != nil {
		return fmt.Errorf("not what whyres lab writes: %w", err)
	}
	result.Judge() // as lab --show does: by this whyres's rules
	in.lab = result
	in.page = report.NewLab(result, words())
	if path == "-" {
		in.page.Notes = append(in.page.Notes, "The results came by standard input, which does not tell where the recordings are: give the lab's folder to see their curves.")
		return nil
	}
	notes := in.readRecordings(s, progress, filepath.Dir(path), labRecordings(result), result.Settle)
	in.page.Notes = append(in.page.Notes, notes...)
	return nil
}

// labRecording is the recording of a run's server, counted from 0.
type labRecording struct {
	named
	run    *lab.Run
	server int
	again  bool // an earlier run of the setting is there
}

// tell says of which run it is, and when the burst was over. A lab of old does not know: then it is how long
// was watched before the end, which holds for the last server alone.
func (l *labRecording) tell(r *report.Recording, settle int64) {
	if l.again {
		r.Repeats()
	}
	switch {
	case l.server < len(l.run.BurstEnds):
		r.BurstEnded(l.run.BurstEnds[l.server])
	case l.server == len(l.run.Recordings)-1:
		r.Settled(settle)
	}
}

// labRecordings are those of the runs that were done: all first runs, then all
// second ones.
func labRecordings(r *lab.Result) []labRecording {
	byNumber := map[int][]labRecording{}
	for i := range r.Rows {
		row, again := &r.Rows[i], false
		for j := range row.Runs {
			run := &row.Runs[j]
			if run.Status != lab.StatusDone {
				continue
			}
			for k, file := range run.Recordings {
				byNumber[run.Number] = append(byNumber[run.Number], labRecording{named{file, labName(row, run, k)}, run, k, again})
			}
			again = true
		}
	}
	var out []labRecording
	for _, number := range slices.Sorted(maps.Keys(byNumber)) {
		out = append(out, byNumber[number]...)
	}
	return out
}

// hasRun reports whether anything was measured, or failed.
func hasRun(r *lab.Result) bool {
	return slices.ContainsFunc(r.Rows, func(row lab.Row) bool { return len(row.Runs) > 0 })
}

func labName(row *lab.Row, run *lab.Run, server int) string {
	name := row.Name
	if len(row.Runs) > 1 {
		name += ", run " + strconv.Itoa(run.Number)
	}
	if len(run.Recordings) > 1 {
		name += ", server " + strconv.Itoa(server+1)
	}
	return name
}

// readRecordings reads the recordings in the lab's folder. What cannot be read is
// said on the page: the comparison stands without it. Names that lead out of the
// folder are not followed.
func (in *reportInput) readRecordings(s streams, progress *reads, folder string, list []labRecording, settle int64) (notes []string) {
	if len(list) > mostLabRecordings {
		notes = append(notes, fmt.Sprintf("The curves are those of %d of %d recordings, the first runs first; the others are in the lab's folder.", mostLabRecordings, len(list)))
		list = list[:mostLabRecordings]
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return append(notes, "The recordings could not be read: "+withoutPath(err).Error())
	}
	defer func() { _ = root.Close() }() // only read
	missing := 0
	for _, n := range list {
		f, err := openRegular(root, n.path)
		if errors.Is(err, fs.ErrNotExist) {
			missing++
		}
		if err == nil {
			err = in.readOne(s, progress.open(f, n.path), n.named, len(list))
			if err == nil {
				n.tell(in.recordings[len(in.recordings)-1], settle)
			}
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			notes = append(notes, fmt.Sprintf("The recording %s could not be read: %s", timeline.Clean(n.path, 200), oneLine(withoutPath(err))))
		}
	}
	if missing > 1 && missing == len(list) {
		return []string{"The recordings are not beside the results: there are no curves."}
	}
	return notes
}

// errNotRegular: what stands there is a folder, a pipe or a device.
var errNotRegular = errors.New("it is no regular file")

// openRegular opens a file of a lab's folder. A pipe would be waited for.
func openRegular(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
