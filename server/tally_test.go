package server

import (
	"reflect"
	"testing"
)

func TestTallyReportsMultiplesBothWaysAndCountsCycles(t *testing.T) {
	const in, out = +1, -1
	steps := func(runs ...int) (all []int) {
		for _, run := range runs {
			for range max(run, -run) {
				all = append(all, max(out, min(in, run)))
			}
		}
		return all
	}
	tests := []struct {
		name  string
		every int
		steps []int
		want  []moment
		end   moment
	}{
		{"below the first multiple", 3, steps(2), nil, moment{1, 2}},
		{"reaching it going up", 3, steps(3), []moment{{1, 3}}, moment{1, 3}},
		{"going on above it", 3, steps(5), []moment{{1, 3}}, moment{1, 5}},
		{"falling back to it from above", 3, steps(4, -1), []moment{{1, 3}, {1, 3}}, moment{1, 3}},
		{"turning below it", 3, steps(2, -1, 1), nil, moment{1, 2}},
		{"swinging about it", 3, steps(4, -2, 2), []moment{{1, 3}, {1, 3}, {1, 3}}, moment{1, 4}},
		{"the last leaves: the line is the old cycle's", 3, steps(1, -1), []moment{{1, 0}}, moment{2, 0}},
		{"a whole cycle", 2, steps(5, -5), []moment{{1, 2}, {1, 4}, {1, 4}, {1, 2}, {1, 0}}, moment{2, 0}},
		{"the next cycle has the next number", 2, steps(2, -2, 2), []moment{{1, 2}, {1, 0}, {2, 2}}, moment{2, 2}},
		{"every client", 1, steps(2, -2), []moment{{1, 1}, {1, 2}, {1, 1}, {1, 0}}, moment{2, 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tally := newTally(test.every)
			var got []moment
			for _, step := range test.steps {
				move := tally.arrive
				if step == out {
					move = tally.leave
				}
				if now, report := move(); report {
					got = append(got, now)
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("reported %v, want %v", got, test.want)
			}
			if tally.moment != test.end {
				t.Errorf("ends at %v, want %v", tally.moment, test.end)
			}
		})
	}
}
