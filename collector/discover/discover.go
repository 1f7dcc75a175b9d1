package discover

import (
	"context"
	"errors"
	"sync"
	"time"

	"whyres/collector"
	"whyres/collector/goruntime"
	"whyres/collector/kernel"
	"whyres/collector/mem"
	"whyres/collector/target"
)

// Host holds the Go processes that it has found open from one look to the
// next. It is not safe for concurrent use.
type Host struct {
	fs       kernel.FS
	proc     string
	workers  int
	programs goruntime.Programs
	held     map[int]*held
	failed   map[int]*failure
}

// New makes a Host. proc is where procfs, fs's too, is mounted; workers is how
// many processes are looked at at the same time.
func New(fs kernel.FS, proc string, workers int) *Host {
	return &Host{fs: fs, proc: proc, workers: max(workers, 1), held: map[int]*held{}, failed: map[int]*failure{}}
}

// held is a Go process that is open.
type held struct {
	view   *target.View
	file   goruntime.FileID
	cgroup kernel.Cgroup
	// res is RES now. cost is how long the last full look took, when RES was
	// costRES; 0 before the first.
	res, costRES int64
	cost         time.Duration
}

// Survey is one look at all Go processes.
type Survey struct {
	At mem.Instant
	// Dur is how long it took.
	Dur time.Duration
	// Seen are the processes that could be looked at, by number.
	Seen []Seen
	// Unread are Go processes that could not.
	Unread []Unread
	// Hidden is how many processes would not even tell what program they run.
	Hidden int
}

// Seen is a process that was looked at.
type Seen struct {
	Process mem.Process
	Cgroup  kernel.Cgroup
	Sample  mem.Sample
}

// Unread is a process that runs a Go program, of which nothing else could be
// read. Err wraps a sentinel of goruntime or kernel, or collector.ErrGone.
type Unread struct {
	Process mem.Process
	Err     error
}

// Look finds the Go processes and looks at each: in full as long as that fits
// into the budget, cheapest first, and then at the counters alone. Samples of
// the latter kind have no Smaps.
func (h *Host) Look(ctx context.Context, budget time.Duration) (Survey, error) {
	s := Survey{At: kernel.Now()}
	pids, err := h.fs.PIDs()
	if err != nil {
		return s, err
	}
	found := h.find(ctx, pids)
	h.letGo(found)
	seen := h.lookAtAll(ctx, cheapestFirst(found), s.At.Add(budget))
	if err := ctx.Err(); err != nil {
		return s, err
	}
	s.add(found)
	s.add(seen)
	s.sort()
	s.Dur = kernel.Now().Sub(s.At)
	return s, nil
}

// Close lets all processes go.
func (h *Host) Close() error {
	var failed []error
	for pid, p := range h.held {
		failed = append(failed, p.view.Close())
		delete(h.held, pid)
	}
	return errors.Join(failed...)
}

// each calls do for 0 to n-1 from the host's workers, until ctx is done.
func (h *Host) each(ctx context.Context, n int, do func(i int)) {
	jobs := make(chan int)
	var wait sync.WaitGroup
	for range min(h.workers, n) {
		wait.Go(func() {
			for i := range jobs {
				do(i)
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		jobs <- i
	}
	close(jobs)
	wait.Wait()
}

// isGone: the process has ended, which is none of anybody's failures.
func isGone(err error) bool {
	return errors.Is(err, collector.ErrGone) || errors.Is(err, goruntime.ErrGone) || errors.Is(err, kernel.ErrGone)
}
