package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"whyres/cmd/whyres/internal/culprit"
	"whyres/collector/explain"
	"whyres/collector/explain/causes"
)

// matrix is which culprit got which causes: the confusion matrix.
type matrix struct {
	mu   sync.Mutex
	rows []matrixRow
}

// matrixRow is one culprit on one Go release.
type matrixRow struct {
	name string
	// cells are what was found of each cause, by id.
	cells map[string]string
	// ownFirst: the first cause is its own; others are proved and neither its own
	// nor those that it cannot do without.
	ownFirst bool
	others   []string
}

func (m *matrix) note(c culprit.Culprit, toolchain string, own []string, v *explain.Verdict) {
	row := matrixRow{name: c.Name + " " + toolchain, cells: map[string]string{}}
	row.ownFirst = len(v.Causes) > 0 && slices.Contains(own, v.Causes[0].ID)
	for _, cause := range v.Causes {
		mark := ""
		if slices.Contains(own, cause.ID) {
			mark = "*"
		} else if cause.Confidence == causes.Proved && !slices.Contains(c.Also, cause.ID) {
			row.others = append(row.others, cause.ID)
		}
		row.cells[cause.ID] = fmt.Sprintf("%s%.2s%.0f", mark, cause.Confidence, float64(max(cause.Bytes, cause.Beside))/(1<<20))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = append(m.rows, row)
}

// print shows the matrix, and fails where a cause that is not a culprit's own was
// proved.
func (m *matrix) print(t *testing.T) {
	t.Helper()
	slices.SortFunc(m.rows, func(a, b matrixRow) int { return strings.Compare(a.name, b.name) })
	t.Logf("which culprit gets which causes: MiB, pr = proved, li = likely, po = possible, * its own:\n%s%s", m.table(), m.sum())
	for _, row := range m.rows {
		if len(row.others) > 0 {
			t.Errorf("%s gets as proved what is not its own: %v", row.name, row.others)
		}
	}
}

// table has a column for each cause that was found, in the catalogue's order: with
// a number for its head, which the last lines tell.
func (m *matrix) table() string {
	lines, legend := [][]string{{"culprit"}}, ""
	var columns []string
	for _, c := range causes.All() {
		if slices.ContainsFunc(m.rows, func(row matrixRow) bool { return row.cells[c.ID] != "" }) {
			columns = append(columns, c.ID)
			lines[0] = append(lines[0], strconv.Itoa(len(columns)))
			legend += fmt.Sprintf("%d %s\n", len(columns), c.ID)
		}
	}
	for _, row := range m.rows {
		line := []string{row.name}
		for _, id := range columns {
			line = append(line, row.cells[id])
		}
		lines = append(lines, line)
	}
	return aligned(lines) + legend
}

// aligned pads the cells of each column to the same width.
func aligned(lines [][]string) string {
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		text := ""
		for i, cell := range line {
			text += fmt.Sprintf("%-*s  ", width[i], cell)
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}

// sum counts the rows.
func (m *matrix) sum() string {
	first, others := 0, 0
	for _, row := range m.rows {
		if row.ownFirst {
			first++
		}
		others += len(row.others)
	}
	return fmt.Sprintf("%d culprits ran, %d got their own cause first, %d others were proved", len(m.rows), first, others)
}

// The matrix counts what is a culprit's own, and what is not.
func TestMatrix(t *testing.T) {
	var m matrix
	c := culprit.Culprit{Name: "one", Cause: "madv-free", Also: []string{"cgo-heap"}}
	m.note(c, "go1.2", []string{"madv-free"}, &explain.Verdict{Causes: []explain.Cause{
		{ID: "madv-free", Confidence: causes.Proved, Bytes: 64 << 20},
		{ID: "cgo-heap", Confidence: causes.Proved, Bytes: 2 << 20},
		{ID: "offheap-mmap", Confidence: causes.Likely, Bytes: 1 << 20},
	}})
	m.note(c, "go1.3", []string{"madv-free"}, &explain.Verdict{Causes: []explain.Cause{
		{ID: "shared-memory", Confidence: causes.Proved, Bytes: 64 << 20},
	}})
	want := `culprit    1      2    3    4
one go1.2  *pr64  pr2  li1
one go1.3                   pr64
1 madv-free
2 cgo-heap
3 offheap-mmap
4 shared-memory
`
	if got := m.table(); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	if got, want := m.sum(), "2 culprits ran, 1 got their own cause first, 1 others were proved"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
