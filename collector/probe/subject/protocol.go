package subject

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"whyres/collector/mem"
	"whyres/collector/probe"
)

// request asks for one run of a case: one JSON object a line.
type request struct {
	ID string `json:"id"`
}

// Run is the answer: the numbers of one run, and what tells its measured calls
// apart from all others.
type Run struct {
	Result probe.Result `json:"result"`
	// TID made the calls.
	TID   int    `json:"tid"`
	Calls []Call `json:"calls,omitempty"`
	// Again: something else on the host moved the case's memory before the call:
	// another run may do better. Result.Unknown says what.
	Again bool `json:"again,omitempty"`
}

// Call is one measured call: it began and ended between From and To, of
// CLOCK_MONOTONIC.
type Call struct {
	Addr mem.Addr    `json:"addr"`
	Len  uint64      `json:"len"`
	From mem.Instant `json:"from"`
	To   mem.Instant `json:"to"`
}

// Serve is the process's own half: it answers requests until in ends.
func Serve(in io.Reader, out io.Writer) error {
	b, err := newBench()
	if err != nil {
		return err
	}
	defer b.close()
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var r request
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read what to measure: %w", err)
		}
		run, err := b.run(r.ID)
		if err != nil {
			return fmt.Errorf("%s: %w", r.ID, err)
		}
		if err := answers.Encode(run); err != nil {
			return err
		}
	}
}
