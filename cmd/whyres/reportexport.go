package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"whyres/cmd/whyres/internal/report/perfetto"
	"whyres/cmd/whyres/internal/report/pprof"
	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector"
	"whyres/collector/mem"
	"whyres/collector/record"
)

// exports tells the formats that other tools read. They are made frame by frame: a
// recording may be larger than memory.
func (o *reportOptions) exports() bool { return o.format == formatPprof || o.format == formatPerfetto }

// exporter makes one of them of frames.
type exporter struct {
	observe func(mem.Frame) error
	damaged func(*record.LineError)
	finish  func() error
}

func newExporter(format string, w io.Writer) exporter {
	if format == formatPerfetto {
		t := perfetto.New(w)
		return exporter{t.Observe, func(e *record.LineError) { t.Damaged(e.Line, e.Cut) }, t.Close}
	}
	x := pprof.New()
	return exporter{x.Observe, func(e *record.LineError) { x.Damaged(e.Line, e.Cut) }, func() error { _, err := x.WriteTo(w); return err }}
}

// Frame and Flush make it a sink.
func (e exporter) Frame(f mem.Frame) error { return e.observe(f) }

// Flush holds back: half a file is of no use.
func (exporter) Flush() error { return nil }

// export makes one recording into one file.
func export(ctx context.Context, s streams, o reportOptions, paths []string) error {
	if len(paths) != 1 {
		return usage("--format %s is made of one recording", o.format)
	}
	return o.produce(s, func(w io.Writer, progress *reads) error {
		return exportTo(ctx, s, progress, newExporter(o.format, w), paths[0])
	})
}

// exportTo feeds the exporter with the recording.
func exportTo(ctx context.Context, s streams, progress *reads, e exporter, path string) error {
	in := s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("cannot export: %w", err)
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	_, err := watched(ctx, s, progress, func() (struct{}, error) {
		return struct{}{}, exportFrames(s, e, progress.open(in, path), path)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", timeline.Clean(path, 200), err)
	}
	return nil
}

func exportFrames(s streams, e exporter, in io.Reader, path string) error {
	r, err := record.NewReader(in)
	if err != nil {
		return err
	}
	defer r.Close()
	st := &story{sinks: []collector.Sink{e}}
	err = st.tell(r, func(broken *record.LineError) {
		e.damaged(broken)
		s.sayOver("%s: %s", timeline.Clean(path, 200), oneLine(broken))
	})
	if err != nil {
		return err
	}
	return e.finish()
}
