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
	if err := w.run(ctx); err != nil {
		return err
	}
	return errors.Join(o.present(s, results), results.ending(ctx, folder.name))
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
	results, err := folder.load()
	if err != nil {
		return nil, nil, errors.Join(err, folder.close())
	}
	results.GoOn(os.Environ())
	o.judge(results)
	return results, folder, nil
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
		return fmt.Errorf("interrupted with %d runs left: go on with whyres lab --resume %s", left, folder)
	case done == 0:
		return errors.New("no run could be measured: each row says why")
	}
	return nil
}
