package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/launch"
	"whyres/cmd/whyres/internal/timeline"
)

func runLab(ctx context.Context, s streams, o labOptions) (err error) {
	if o.show != "" {
		return showLab(s, o)
	}
	if err := canTrace(s); err != nil {
		return err
	}
	results, folder, err := o.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.close()) }()
	s.say("results and recordings go to %s", timeline.Clean(folder.name, 200))
	w, err := newLabWork(s, folder, results)
	if err != nil {
		return err
	}
	if err := folder.save(results); err != nil {
		return err
	}
	if d, known := results.LeastLeft(0, results.How.AtOnce); known {
		s.say("still to be run: %d, which takes at least %s", len(results.Plan()), leastOf(d))
	}
	// What was measured is shown also when it cannot be kept.
	failed := w.run(ctx)
	return errors.Join(o.present(s, results), failed, results.ending(ctx, folder.name))
}

// open makes the lab's folder, or opens the one to go on with. What lacks is said
// before anything is made.
func (o *labOptions) open() (*labFile, *labFolder, error) {
	who, err := launch.Invoking(os.Geteuid(), os.Getenv)
	if err != nil {
		return nil, nil, err
	}
	if o.resume != "" {
		return o.reopen(who)
	}
	results, err := o.newLab()
	if err != nil {
		return nil, nil, err
	}
	folder, err := newLabFolder(o.output, who)
	return results, folder, err
}

func (o *labOptions) reopen(who *launch.User) (*labFile, *labFolder, error) {
	folder, err := openLabFolder(o.resume, who)
	if err != nil {
		return nil, nil, err
	}
	results, err := folder.resumable()
	if err != nil {
		return nil, nil, errors.Join(err, folder.close())
	}
	if o.retry {
		results.Retry()
	}
	results.GoOn(os.Environ())
	o.judge(results)
	return results, folder, nil
}

// resumable reads a lab that can be gone on with, here and by who asks.
func (f *labFolder) resumable() (*labFile, error) {
	if err := f.trusted(); err != nil {
		return nil, err
	}
	if err := f.lock(); err != nil {
		return nil, err
	}
	results, err := f.load()
	if err != nil {
		return nil, err
	}
	if err := results.asBefore(); err != nil {
		return nil, fmt.Errorf("%s cannot be gone on with: %w; what it has is shown by --show %s", f.name, err, f.name)
	}
	return results, nil
}

// canTrace tries what each run needs.
func canTrace(s streams) error {
	if err := hostNamespace(); err != nil {
		return err
	}
	t := &tracing{options: labTraceOptions(nil), streams: s}
	return errors.Join(t.openTracer(), t.close())
}

func showLab(s streams, o labOptions) error {
	folder, err := openLabFolder(o.show, nil)
	if err != nil {
		return err
	}
	results, err := folder.load()
	if err = errors.Join(err, folder.close()); err != nil {
		return err
	}
	o.judge(results)
	return o.present(s, results)
}

// judge orders a lab that was begun by the goal that is asked for now.
func (o *labOptions) judge(results *labFile) {
	if o.goalAsked {
		results.Goal = lab.Goal(o.goal)
	}
	results.Judge()
}

func (o *labOptions) present(s streams, results *labFile) error {
	switch {
	case o.json:
		return printJSON(s.out, results)
	case o.markdown:
		return lab.Markdown(s.out, &results.Result)
	}
	return timeline.WriteLab(s.out, o.options(s.out), &results.Result)
}

// ending says what is left, or that nothing was measured.
func (f *labFile) ending(ctx context.Context, folder string) error {
	done, left := 0, len(f.Plan())
	for i := range f.Rows {
		if f.Rows[i].Status == lab.StatusDone {
			done++
		}
	}
	switch {
	case ctx.Err() != nil && left > 0:
		return fmt.Errorf("interrupted with %d %s left: go on with whyres lab --resume %s", left, plural(left, "run", "runs"), folder)
	case done == 0:
		return errors.New("no run could be measured: each row says why")
	}
	return nil
}
