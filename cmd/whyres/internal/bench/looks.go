package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"whyres/collector/goruntime"
	"whyres/collector/kernel"
)

// heap is a process that holds memory, to be looked at.
type heap struct {
	name  string
	bytes uint64
	// small: half of it in objects of 2 KiB, else all in objects of 1 MiB.
	small bool
}

func heaps() []heap {
	return []heap{
		{"100 MiB", 100 << 20, true},
		{"1 GiB", 1 << 30, true},
		{"8 GiB of large objects", 8 << 30, false},
		{"8 GiB, half of it in 4,000,000 small objects", 8 << 30, true},
	}
}

// look is what one look costs, in seconds.
type look struct {
	// join is the runtime's tables against residency, page by page; smaps is
	// the kernel's list of mappings, read and parsed; explain is the command
	// from its start to its end.
	join, smaps, explain []float64
	// alone and watched are the process's own loop, in ns a turn: by itself,
	// and with whyres explain running again and again beside it.
	alone, watched []float64
}

// looks measures and prints the second table.
func looks(rounds int, whyres string, out, progress io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %s %s, %d CPUs; median (least to greatest) of %d\n\n",
		time.Now().Format(time.DateOnly), kernelRelease(), runtime.GOARCH, runtime.NumCPU(), rounds)
	b.WriteString("| heap | page join | against reading its smaps | `whyres explain`, start to end | the process's own work meanwhile |\n|---|---|---|---|---|\n")
	for _, h := range heaps() {
		if free := available(); h.bytes*5/4 > free {
			fmt.Fprintf(&b, "| %s | not measured: only %d MiB of memory are free | | | |\n", h.name, free>>20)
			continue
		}
		fmt.Fprintf(progress, "a heap of %-50s\r", h.name)
		l, err := lookAt(h, rounds, whyres)
		if err != nil {
			return fmt.Errorf("a heap of %s: %w", h.name, err)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", h.name,
			milliseconds(l.join), ratios(l.join, l.smaps), milliseconds(l.explain), ratios(l.watched, l.alone))
	}
	fmt.Fprintf(progress, "%-60s\r", "")
	_, err := io.WriteString(out, b.String())
	return err
}

func lookAt(h heap, rounds int, whyres string) (l look, err error) {
	p, err := hold(h)
	if err != nil {
		return l, err
	}
	defer p.stop()
	k, err := kernel.Default().Open(p.pid(), kernel.Options{})
	if err != nil {
		return l, err
	}
	defer func() { _ = k.Close() }()
	rt, err := goruntime.Open("/proc", p.pid())
	if err != nil {
		return l, err
	}
	for range rounds {
		for _, step := range []struct {
			to   *[]float64
			work func() error
		}{
			{&l.join, func() error { _, err := rt.Walk(goruntime.WalkOptions{Resident: k.Pages}); return err }},
			{&l.smaps, func() error { _, err := k.Smaps(); return err }},
			{&l.explain, func() error { return explain(whyres, p.pid()) }},
		} {
			began := time.Now()
			if err := step.work(); err != nil {
				return l, err
			}
			*step.to = append(*step.to, time.Since(began).Seconds())
		}
		if err := l.disturb(p, whyres); err != nil {
			return l, err
		}
	}
	return l, nil
}

// turns of the process's own loop: about half a second.
const turnsOfWork = 500

// disturb runs the process's loop by itself, and under looks without a pause.
func (l *look) disturb(p *process, whyres string) error {
	alone, err := p.loop("work", turnsOfWork, 0)
	if err != nil {
		return err
	}
	stop, stopped := make(chan bool), make(chan error, 1)
	go func() {
		var failed error
		for failed == nil {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				failed = explain(whyres, p.pid())
			}
		}
		stopped <- failed
	}()
	watched, err := p.loop("work", turnsOfWork, 0)
	close(stop)
	if failed := <-stopped; err == nil {
		err = failed
	}
	l.alone, l.watched = append(l.alone, alone), append(l.watched, watched)
	return err
}

func explain(whyres string, pid int) error {
	out, err := exec.Command(whyres, "explain", "--json", "-p", strconv.Itoa(pid)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// hold starts a subject that holds the heap.
func hold(h heap) (*process, error) {
	p, err := start("hold", strconv.FormatUint(h.bytes, 10), strconv.FormatBool(h.small))
	if err != nil {
		return nil, err
	}
	var held bool
	if err := p.out.Decode(&held); err != nil {
		p.stop()
		return nil, fmt.Errorf("it did not come to hold it: %w", err)
	}
	return p, nil
}

// available is MemAvailable of /proc/meminfo, in bytes; 0 where it is not said.
func available() uint64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			kib, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

func milliseconds(seconds []float64) string {
	return fmt.Sprintf("%.1f ms (%.1f to %.1f)", 1e3*median(seconds), 1e3*slices.Min(seconds), 1e3*slices.Max(seconds))
}

func ratios(of, to []float64) string {
	var all []float64
	for i := range of {
		all = append(all, of[i]/to[i])
	}
	return fmt.Sprintf("x%.2f (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all))
}
