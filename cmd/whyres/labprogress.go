package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"whyres/cmd/whyres/internal/lab"
	"whyres/cmd/whyres/internal/timeline"
)

// labProgress says on a terminal, on one line, what is being done and how long the
// rest takes; elsewhere a line for each run that is done.
type labProgress struct {
	out      io.Writer
	terminal bool

	mu     sync.Mutex
	phases []labPhase // of the runs under way, the oldest first
	shown  bool
	stop   chan struct{}
	over   sync.WaitGroup
}

// labPhase is what a run is doing.
type labPhase struct {
	key   labKey
	name  string
	began time.Time // the run
	what  string
	until time.Time
}

func newLabProgress(out io.Writer) *labProgress {
	return &labProgress{out: out, terminal: isTerminal(out), stop: make(chan struct{})}
}

// left says how far the whole is.
type labLeft func(underWay time.Duration) (done, total int, rest string)

func (p *labProgress) start(left labLeft) {
	if !p.terminal {
		return
	}
	p.over.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				p.draw(left)
			}
		}
	})
}

func (p *labProgress) end() {
	close(p.stop)
	p.over.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *labProgress) erase() {
	if p.shown {
		_, _ = fmt.Fprint(p.out, "\r"+eraseLine)
		p.shown = false
	}
}

// phase notes what a run does now.
func (p *labProgress) phase(key labKey, name, what string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.phases {
		if p.phases[i].key == key {
			p.phases[i].what, p.phases[i].until = what, until
			return
		}
	}
	p.phases = append(p.phases, labPhase{key: key, name: name, began: time.Now(), what: what, until: until})
}

// forget takes a run out that has ended.
func (p *labProgress) forget(key labKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.phases {
		if p.phases[i].key == key {
			p.phases = append(p.phases[:i], p.phases[i+1:]...)
			return
		}
	}
}

// done tells of a run that was kept; on a terminal only of one that says something
// else than the others.
func (p *labProgress) done(n, total int, step lab.Step, run lab.Run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && run.Problem == "" {
		return
	}
	p.erase()
	_, _ = fmt.Fprintf(p.out, "whyres: run %d of %d, %s: %s\n", n, total, timeline.Clean(step.Setting.Name, 60), ending(run))
}

func ending(run lab.Run) string {
	text := fmt.Sprintf("%s in %s", run.Status, time.Duration(run.Took).Round(time.Second/10))
	if run.Problem != "" {
		text += ": " + timeline.Clean(run.Problem, longestError)
	}
	return text
}

func (p *labProgress) draw(left labLeft) {
	now := time.Now()
	p.mu.Lock()
	phases := append([]labPhase(nil), p.phases...)
	p.mu.Unlock()
	if len(phases) == 0 {
		return
	}
	done, total, rest := left(now.Sub(phases[0].began))
	text := describeProgress(phases, now, done, total, rest)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = true
	_, _ = fmt.Fprintf(p.out, "\r%swhyres: %s", eraseLine, timeline.Clean(text, max(columns(p.out)-len("whyres: ")-1, 20)))
}

// describeProgress is "run 5 of 12, GOGC=50, waiting 41 s for the scavenger · about
// 4 min left".
func describeProgress(phases []labPhase, now time.Time, done, total int, rest string) string {
	first := phases[0]
	what := first.what
	if strings.Contains(what, "%s") {
		what = fmt.Sprintf(what, seconds(first.until.Sub(now)))
	}
	text := fmt.Sprintf("run %d of %d, %s, %s", min(done+1, total), total, first.name, what)
	if more := len(phases) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	if rest != "" {
		text += fmt.Sprintf(" · %s left", rest)
	}
	return text
}

func seconds(d time.Duration) string { return fmt.Sprintf("%d s", max(int(d.Seconds()+0.5), 0)) }

// roughly is a time to the minute, or to ten seconds where it is short.
func roughly(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", (int(d.Seconds())/10+1)*10)
	}
	return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
}

// leastOf is a time that is no less than it says.
func leastOf(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}

// columns is the terminal's width, 80 where it does not tell.
func columns(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return 80
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 80
	}
	return cmp.Or(width, 80)
}
