package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"whyres/collector/mem"
)

const pid = 42

// world is a fake host: one clock, events that come at given instants, and a
// journal of what Run did and delivered.
type world struct {
	began   time.Time
	events  []mem.Frame // by At; readable from At on
	detach  atomic.Bool
	lost    atomic.Uint64
	gone    mem.Instant // the process ends then; 0: never
	lookFor time.Duration
	journal []string
	orders  []Order
	sampleN int
}

func (w *world) now() mem.Instant { return mem.Instant(time.Since(w.began)) + 1 }

func (w *world) Read(frames []mem.Frame, deadline time.Time) ([]mem.Frame, bool, error) {
	for {
		for len(w.events) > 0 && w.events[0].At <= w.now() && len(frames) < cap(frames) {
			frames, w.events = append(frames, w.events[0]), w.events[1:]
		}
		if len(frames) == cap(frames) {
			return frames, false, nil
		}
		if w.detach.Load() || !time.Now().Before(deadline) {
			return frames, true, nil
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func (w *world) Lost() (mem.Lost, error) { return mem.Lost{Total: w.lost.Load()}, nil }

func (w *world) Detach() error {
	w.detach.Store(true)
	w.journal = append(w.journal, "detach")
	return nil
}

func (w *world) Look(o Order) (mem.Sample, []mem.Mark, error) {
	at := w.now()
	time.Sleep(w.lookFor)
	if w.gone != 0 && at >= w.gone {
		return mem.Sample{}, nil, fmt.Errorf("pid %d: %w", pid, ErrGone)
	}
	w.orders = append(w.orders, o)
	w.sampleN++
	s := mem.Sample{At: at, PID: pid}
	if o.Full {
		s.Smaps = &mem.Smaps{}
	}
	// Each third look finds a GC that ended a little earlier.
	if w.sampleN%3 == 0 {
		return s, []mem.Mark{{At: at - mem.Instant(60*time.Millisecond), Kind: mem.MarkGC, PID: pid}}, nil
	}
	return s, nil, nil
}

func (w *world) Renew()             { w.journal = append(w.journal, "renew") }
func (w *world) Name(e *mem.Event)  { e.Who = mem.WhoUser }
func (w *world) Mark(*mem.Mark)     {}
func (w *world) Sample(*mem.Sample) {}
func (w *world) config(s ...Sink) Config {
	return Config{
		Header: mem.Header{Mono: w.now(), Process: mem.Process{PID: pid}, Host: mem.Host{PageSize: 4096}},
		Source: w, Looker: w, Namer: w, Sinks: s, Now: w.now,
		Every: 100 * time.Millisecond, FullEvery: time.Second,
	}
}

// told keeps the frames that a sink was given.
type told struct {
	frames  []mem.Frame
	fail    error
	flushes int
}

func (s *told) Frame(f mem.Frame) error {
	if s.fail != nil && len(s.frames) == 5 {
		return s.fail
	}
	s.frames = append(s.frames, f)
	return nil
}
func (s *told) Flush() error { s.flushes++; return nil }

// kinds is what was told, in one line.
func (s *told) kinds() string {
	var words []string
	for _, f := range s.frames {
		switch {
		case f.Header != nil:
			words = append(words, "header")
		case f.Event != nil:
			words = append(words, "event")
		case f.Sample != nil && f.Sample.Last:
			words = append(words, "last")
		case f.Sample != nil && f.Sample.Full():
			words = append(words, "full")
		case f.Sample != nil:
			words = append(words, "sample")
		case f.Mark != nil:
			words = append(words, string(f.Mark.Kind)+":"+f.Mark.Why)
		case f.Lost != nil:
			words = append(words, fmt.Sprintf("lost:%d", f.Lost.Total))
		}
	}
	return strings.Join(words, " ")
}

func (s *told) inOrder(t *testing.T) {
	t.Helper()
	for i := 1; i < len(s.frames); i++ {
		if s.frames[i].At < s.frames[i-1].At {
			t.Errorf("frame %d is of %v, the one before of %v", i, s.frames[i].At, s.frames[i-1].At)
		}
	}
}

func at(ms int) mem.Instant { return mem.Instant(ms) * mem.Instant(time.Millisecond) }

func event(ms int) mem.Frame {
	return mem.Frame{At: at(ms), Event: &mem.Event{At: at(ms), PID: pid, Call: mem.Madvise, Advice: "MADV_DONTNEED", Addr: 0x10000, Len: 8192}}
}

func mark(ms int, kind mem.MarkKind) mem.Frame {
	return mem.Frame{At: at(ms), Mark: &mem.Mark{At: at(ms), Kind: kind, PID: pid}}
}

func TestFramesComeInOrderOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{began: time.Now(), lookFor: 7 * time.Millisecond}
		// Bursts that fill a batch long before its time is up, and GCs of
		// which only the next look tells.
		for ms := 149; ms < 2000; ms += 300 {
			for k := range 300 {
				e := event(ms)
				e.At += mem.Instant(k) * mem.Instant(100*time.Microsecond)
				e.Event.At = e.At
				w.events = append(w.events, e)
			}
		}
		sink := &told{}
		c := w.config(sink)
		c.For = 2 * time.Second
		if err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		sink.inOrder(t)
		if n := strings.Count(sink.kinds(), "event"); n != 2100 {
			t.Errorf("%d events delivered, want 2100", n)
		}
		if n := strings.Count(sink.kinds(), "gc:"); n < 5 {
			t.Errorf("%d GCs delivered", n)
		}
		if !strings.HasPrefix(sink.kinds(), "header full") {
			t.Errorf("begins with %.40s", sink.kinds())
		}
		if !strings.HasSuffix(sink.kinds(), "last lost:0 end:"+EndTime) {
			t.Errorf("ends with %s", sink.kinds()[len(sink.kinds())-60:])
		}
		if sink.flushes < 7 {
			t.Errorf("flushed %d times in 2 s", sink.flushes)
		}
	})
}

func TestInterruptMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{began: time.Now()}
		ctx, cancel := context.WithCancel(context.Background())
		for ms := 1; ms <= 500; ms++ {
			w.events = append(w.events, event(ms))
		}
		time.AfterFunc(500*time.Millisecond, cancel)
		sink := &told{}
		if err := Run(ctx, w.config(sink)); err != nil {
			t.Fatal(err)
		}
		sink.inOrder(t)
		if n := strings.Count(sink.kinds(), "event"); n != 500 {
			t.Errorf("%d events delivered, want all 500", n)
		}
		if !strings.HasSuffix(sink.kinds(), "last lost:0 end:"+EndInterrupt) {
			t.Errorf("ends with %s", sink.kinds()[len(sink.kinds())-60:])
		}
	})
}

func TestEndOfTheTargetEndsTheTrace(t *testing.T) {
	for _, by := range []string{"its mark", "the look"} {
		t.Run(by, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{began: time.Now(), gone: at(350)}
				if by == "its mark" {
					w.events = []mem.Frame{event(10), mark(350, mem.MarkExit)}
				}
				sink := &told{}
				if err := Run(context.Background(), w.config(sink)); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(sink.kinds(), "last") {
					t.Error("there was nothing left for a last look")
				}
				if !strings.HasSuffix(sink.kinds(), "lost:0 end:"+EndExit) {
					t.Errorf("ends with %s", sink.kinds())
				}
			})
		})
	}
}

func TestOneFailingSinkSparesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		w := &world{began: time.Now()}
		bad, good := &told{fail: full}, &told{}
		c := w.config(bad, good)
		c.For = 10 * time.Second
		err := Run(context.Background(), c)
		if !errors.Is(err, full) || strings.Count(err.Error(), "disk full") != 1 {
			t.Errorf("error %q", err)
		}
		if len(bad.frames) != 5 {
			t.Errorf("the failing sink was given %d frames", len(bad.frames))
		}
		if !strings.HasSuffix(good.kinds(), "last lost:0 end:"+EndFailure) {
			t.Errorf("the other ends with %s", good.kinds())
		}
		if time.Since(w.began) > 2*time.Second {
			t.Error("the trace went on")
		}
	})
}

func TestReleasedRangesAreLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{began: time.Now(), events: []mem.Frame{event(200), mark(1500, mem.MarkExec)}}
		sink := &told{}
		c := w.config(sink)
		c.For = 2800 * time.Millisecond
		if err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		var asked []string
		for _, o := range w.orders {
			if o.Full {
				asked = append(asked, fmt.Sprint(o.Released))
			}
		}
		want := "[] [10000-12000] []"
		if got := strings.Join(slices.Compact(asked), " "); got != want {
			t.Errorf("looked at %s, want %s", got, want)
		}
		if got := strings.Join(w.journal, " "); got != "renew detach" {
			t.Errorf("journal %q", got)
		}
	})
}

func TestLossesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{began: time.Now()}
		time.AfterFunc(300*time.Millisecond, func() { w.lost.Store(7) })
		sink := &told{}
		c := w.config(sink)
		c.For = time.Second
		if err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(sink.kinds(), "lost:7"); n != 2 {
			t.Errorf("told %d times: %s", n, sink.kinds())
		}
	})
}

// A look that takes longer than the time between two is not queued up.
func TestSlowLooksAreNotQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{began: time.Now(), lookFor: 350 * time.Millisecond}
		sink := &told{}
		c := w.config(sink)
		c.For = 2 * time.Second
		if err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		sink.inOrder(t)
		if w.sampleN > 8 {
			t.Errorf("%d looks of 350 ms in 2 s", w.sampleN)
		}
	})
}
