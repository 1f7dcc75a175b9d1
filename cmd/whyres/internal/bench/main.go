// Command bench measures what whyres costs, as ratios within one run: loops of
// system calls in a process that is traced, by whyres and by others asked for
// the same, and in one that is not; and what a look costs. It is run as root by make bench, and is no
// part of the product.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "subject" {
		subject(os.Args[2:], os.Stdin, os.Stdout)
		return
	}
	rounds := flag.Int("rounds", 5, "how often each is measured")
	whyres := flag.String("whyres", "bin/whyres", "the binary to measure")
	asJSON := flag.Bool("json", false, "print every single measurement")
	what := flag.String("what", "all", "trace, look, or all")
	flag.Parse()
	var err error
	if *what != "look" {
		err = run(*rounds, *whyres, *asJSON, os.Stdout, os.Stderr)
	}
	if err == nil && *what != "trace" {
		err = looks(*rounds, *whyres, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, whyres string, asJSON bool, out, progress io.Writer) error {
	all := tracers(whyres)
	var results []measurement
	for round := range rounds {
		for _, t := range all {
			fmt.Fprintf(progress, "round %d of %d: %-40s\r", round+1, rounds, t.name)
			m, err := measure(t, round)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			results = append(results, m...)
		}
	}
	fmt.Fprintf(progress, "%-60s\r", "")
	if asJSON {
		return json.NewEncoder(out).Encode(results)
	}
	return table(out, all, results)
}

// measurement is one loop under one tracer.
type measurement struct {
	Tracer, Loop string
	Round        int
	NsPerCall    float64
	// Seen is how many calls the tracer reported, of Calls; -1: not counted.
	Calls, Seen int
}

// measure attaches the tracer to a fresh process and runs the loops in it; the
// loops of the unrelated process run under the same tracer.
func measure(t tracer, round int) ([]measurement, error) {
	if t.missing != "" {
		return nil, nil
	}
	traced, err := start()
	if err != nil {
		return nil, err
	}
	defer traced.stop()
	other, err := start()
	if err != nil {
		return nil, err
	}
	defer other.stop()
	detach, err := t.attach(traced.pid())
	if err != nil {
		return nil, err
	}
	var out []measurement
	for _, l := range []struct {
		in    *process
		loop  string
		n     int
		pause time.Duration
	}{
		{traced, "madvise", t.calls, t.pause},
		{traced, "touch+madvise", t.calls, t.pause},
		{other, "unrelated madvise", 300_000, 0},
		{other, "unrelated getppid", 1_000_000, 0},
		{other, "unrelated page fault", 100_000, 0},
	} {
		ns, err := l.in.loop(l.loop, l.n, l.pause)
		if err != nil {
			detach()
			return nil, err
		}
		out = append(out, measurement{Tracer: t.name, Loop: l.loop, Round: round, NsPerCall: ns, Calls: l.n, Seen: -1})
	}
	if seen := detach(); seen >= 0 {
		out[0].Calls, out[0].Seen = out[0].Calls+out[1].Calls, seen
	}
	return out, nil
}

// process is a running subject.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func start(args ...string) (*process, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"subject"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, in: in, out: json.NewDecoder(out)}, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) loop(name string, n int, pause time.Duration) (nsPerCall float64, err error) {
	if err := json.NewEncoder(p.in).Encode(order{name, n, pause}); err != nil {
		return 0, err
	}
	err = p.out.Decode(&nsPerCall)
	return nsPerCall, err
}

func (p *process) stop() {
	p.in.Close()
	done := time.AfterFunc(5*time.Second, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	done.Stop()
}
