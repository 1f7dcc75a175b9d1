package pulse

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlanPulses(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name string
		plan plan
		take int // of an endless plan
		want []string
	}{
		{
			"big, then small for ever",
			plan{big: 4000, bigPulses: 3, small: 1000, bigGap: 5 * s, smallGap: 20 * s},
			6,
			[]string{"0s big 1/3 4000", "5s big 2/3 4000", "5s big 3/3 4000", "5s small 1 1000", "20s small 2 1000", "20s small 3 1000"},
		},
		{
			"so many small ones",
			plan{big: 10, bigPulses: 1, small: 5, smallPulses: 2, bigGap: s, smallGap: 2 * s},
			9,
			[]string{"0s big 1/1 10", "1s small 1/2 5", "2s small 2/2 5"},
		},
		{"no small ones", plan{big: 10, bigPulses: 2, bigGap: s}, 9, []string{"0s big 1/2 10", "1s big 2/2 10"}},
		{"no big ones: none of the kind", plan{big: 10, small: 5, smallPulses: 1, bigGap: s}, 9, []string{"0s small 1/1 5"}},
		{"no big ones: of no connections", plan{bigPulses: 3, small: 5, smallPulses: 1, bigGap: s}, 9, []string{"0s small 1/1 5"}},
		{"nothing", plan{}, 9, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for pause, p := range test.plan.pulses() {
				if p.serial != len(got) {
					t.Errorf("%s has serial %d, want %d", p.name(), p.serial, len(got))
				}
				got = append(got, fmt.Sprint(pause, " ", p.name(), " ", p.conns))
				if len(got) == test.take {
					break
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// The separation is the time from the end of a pulse to the start of the next,
// however long pulses take.
func TestSeparationIsFromEndToStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var starts []string
		load := plan{big: 9, bigPulses: 2, small: 3, smallPulses: 2, bigGap: 30 * time.Second, smallGap: 20 * time.Second}
		total := follow(t.Context(), load, lines{&bytes.Buffer{}}, func(p pulse) outcome {
			starts = append(starts, fmt.Sprint(p.name(), " ", time.Since(begin)))
			time.Sleep(4500 * time.Millisecond)
			result := newOutcome()
			result.connected = p.conns
			return result
		})
		want := []string{"big 1/2 0s", "big 2/2 34.5s", "small 1/2 1m9s", "small 2/2 1m33.5s"}
		if !reflect.DeepEqual(starts, want) {
			t.Errorf("starts %q, want %q", starts, want)
		}
		if took := time.Since(begin); took != 98*time.Second {
			t.Errorf("took %v, want 1m38s: no pause after the last", took)
		}
		if total.connected != 24 {
			t.Errorf("%d connected in total, want 24", total.connected)
		}
	})
}

func TestTheEndOfTheContextEndsAPauseAndPrintsTotals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		var out bytes.Buffer
		load := plan{small: 3, smallGap: 20 * time.Second}
		total := follow(ctx, load, lines{&out}, func(p pulse) outcome {
			result := newOutcome()
			result.connected = p.conns
			return result
		})
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("ended after %v, want 10s", took)
		}
		if !total.interrupted || !strings.HasSuffix(out.String(), "total: 1 pulse, 3 connected, 0 refused, 0 lost, interrupted\n") {
			t.Errorf("output %q", out.String())
		}
	})
}

func TestProgressComesSeldomer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 185*time.Second)
		defer cancel()
		var (
			out bytes.Buffer
			s   stage
		)
		go func() {
			for range 7 {
				s.dialled(true)
			}
			s.dialled(false)
			time.Sleep(5 * time.Second)
			s.enter(holding)
			time.Sleep(60 * time.Second)
			s.enter(closing)
		}()
		s.tell(ctx, &out, pulse{kind: "big", number: 1, of: 3, conns: 9})
		want := `big 1/3: 7 of 9 connected, 1 failed, 2 s so far
big 1/3: holding 7 connections, 6 s so far
big 1/3: holding 7 connections, 14 s so far
big 1/3: holding 7 connections, 30 s so far
big 1/3: holding 7 connections, 62 s so far
big 1/3: closing 7 connections, 122 s so far
big 1/3: closing 7 connections, 182 s so far
`
		if out.String() != want {
			t.Errorf("got\n%swant\n%s", &out, want)
		}
	})
}
