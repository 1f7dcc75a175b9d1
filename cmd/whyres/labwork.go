package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/labserver"
	"whyres/cmd/whyres/internal/load"
)

// labWork makes the runs that are left of a lab.
type labWork struct {
	streams  streams
	folder   *labFolder
	tools    labTools
	results  *labFile // its How does not change; the rest under mu
	progress *labProgress
	// bursting is held by the run that has its burst: no two come together.
	bursting chan struct{}
	builder  labserver.Builder

	building sync.Mutex
	built    map[string]labBuilt

	mu       sync.Mutex
	turn     *sync.Cond
	underWay map[labKey]bool
	failed   error // of keeping the results or the host's settings: there is no use in going on
}

// labKey names a run.
type labKey struct {
	id  string
	run int
}

func keyOf(s lab.Step) labKey { return labKey{s.Setting.ID, s.Run} }

// labBuilt is a server that was built, or why it was not.
type labBuilt struct {
	path string
	err  error
}

func newLabWork(s streams, f *labFolder, results *labFile) (*labWork, error) {
	tools, err := results.tools()
	if err != nil {
		return nil, err
	}
	w := &labWork{
		streams: s, folder: f, tools: tools, results: results, progress: newLabProgress(s.err),
		bursting: make(chan struct{}, 1), built: map[string]labBuilt{}, underWay: map[labKey]bool{},
	}
	w.turn = sync.NewCond(&w.mu)
	return w, nil
}

// run makes what is left, so many runs at a time.
func (w *labWork) run(ctx context.Context) error {
	defer context.AfterFunc(ctx, w.turn.Broadcast)()
	dir, err := os.MkdirTemp("", "whyres-lab-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the servers are run by the user
		return err
	}
	w.builder = labserver.Builder{Dir: dir, Who: w.folder.who}
	w.progress.start(w.left)
	defer w.progress.end()
	var all sync.WaitGroup
	for range w.results.How.AtOnce {
		all.Go(func() {
			for step, ok := w.next(ctx); ok; step, ok = w.next(ctx) {
				w.finish(ctx, step, w.one(ctx, step))
			}
		})
	}
	all.Wait()
	return w.failed
}

// next is a run that can begin; false where there is none any more.
func (w *labWork) next(ctx context.Context) (lab.Step, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ctx.Err() == nil && w.failed == nil {
		waits := false
		for _, step := range w.results.Plan() {
			switch {
			case w.underWay[keyOf(step)]:
			case step.Waits:
				waits = true
			default:
				w.underWay[keyOf(step)] = true
				return step, true
			}
		}
		if !waits || len(w.underWay) == 0 {
			break
		}
		w.turn.Wait()
	}
	return lab.Step{}, false
}

// giveUp ends the lab when the runs under way have ended.
func (w *labWork) giveUp(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = errors.Join(w.failed, why)
}

// finish keeps a run, but not one that was interrupted before all was measured.
func (w *labWork) finish(ctx context.Context, step lab.Step, run lab.Run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.turn.Broadcast()
	delete(w.underWay, keyOf(step))
	w.progress.forget(keyOf(step))
	if ctx.Err() != nil && run.Status != lab.StatusDone {
		for _, name := range run.Recordings {
			w.failed = errors.Join(w.failed, w.folder.remove(name))
		}
		return
	}
	w.results.Add(step.Setting.ID, run)
	if err := w.folder.save(w.results); err != nil {
		w.failed = errors.Join(w.failed, err)
	}
	done, total := w.counts()
	w.progress.done(done, total, step, run)
}

// targetOf is the target's command line under a setting.
func (w *labWork) targetOf(ctx context.Context, step lab.Step) ([]string, error) {
	name := step.Setting.Go
	if name == "" {
		return w.tools.target, nil
	}
	w.building.Lock()
	defer w.building.Unlock()
	built, known := w.built[name]
	if !known {
		w.tell(step, "getting that Go, and building the server with it", time.Time{})
		built.path, built.err = w.builder.Build(ctx, name)
		if ctx.Err() == nil {
			w.built[name] = built
		}
	}
	w.progress.forget(keyOf(step)) // how long that took tells nothing of the run
	if built.err != nil {
		return nil, built.err
	}
	return append([]string{built.path}, w.tools.target[1:]...), nil
}

// turnToBurst waits until no other run has its burst. It is to be given back by
// release, once or more often.
func (w *labWork) turnToBurst(ctx context.Context, step lab.Step) (release func(), ok bool) {
	w.tell(step, "waiting for another run's burst", time.Time{})
	select {
	case w.bursting <- struct{}{}:
		return sync.OnceFunc(func() { <-w.bursting }), true
	case <-ctx.Done():
		return func() {}, false
	}
}

// loadWords is the load's command line for a target.
func (w *labWork) loadWords(t *labTraced) []string {
	at := place{t.addr, t.pid}
	if w.tools.load == nil {
		return load.Shell(at.fill(w.tools.line))
	}
	return at.fillAll(w.tools.load)
}

// tell says what a run is doing, until when if that is known: then what has a %s
// for the time left.
func (w *labWork) tell(step lab.Step, what string, until time.Time) {
	w.progress.phase(keyOf(step), step.Setting.Name, what, until)
}

// left is how many runs are done, how many there are, and about how long the rest
// takes, in words.
func (w *labWork) left(underWay time.Duration) (done, total int, rest string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	done, total = w.counts()
	if d, known := w.results.TimeLeft(underWay, w.results.How.AtOnce); known {
		return done, total, "about " + roughly(d)
	}
	if d, known := w.results.LeastLeft(underWay, w.results.How.AtOnce); known {
		return done, total, "at least " + leastOf(d)
	}
	return done, total, ""
}

// counts is for who holds mu.
func (w *labWork) counts() (done, total int) {
	for i := range w.results.Rows {
		done += len(w.results.Rows[i].Runs)
	}
	return done, done + len(w.results.Plan())
}
