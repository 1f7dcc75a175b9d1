package server

import (
	"bytes"
	"log"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

func TestLogLineFormat(t *testing.T) {
	tests := []struct {
		name string
		now  moment
		mem  runtime.MemStats
		want string
	}{
		{
			"padded",
			moment{1, 500},
			runtime.MemStats{HeapSys: 16_777_216, HeapInuse: 999, HeapReleased: 0, HeapObjects: 12_345},
			"Cycle #  1:   500 clients | System: 16777216 Inuse:      999 Released:        0 Objects:  12345\n",
		},
		{
			"wider than its columns",
			moment{1234, 100_000},
			runtime.MemStats{HeapSys: 1_000_000_000, HeapInuse: 900_000_000, HeapReleased: 800_000_000, HeapObjects: 7_000_000},
			"Cycle #1234: 100000 clients | System: 1000000000 Inuse: 900000000 Released: 800000000 Objects: 7000000\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			logLine(log.New(&out, "", 0), test.now, &test.mem)
			if out.String() != test.want {
				t.Errorf("got  %q\nwant %q", out.String(), test.want)
			}
		})
	}
}

// row is a log line read back.
type row struct {
	cycle, clients, system, inuse, released, objects uint64
}

// rowsOf reads the experiment's lines out of a log, whatever prefix they have.
func rowsOf(t *testing.T, text string) []row {
	t.Helper()
	line := regexp.MustCompile(`(?m)Cycle #( *\d+): ( *\d+) clients \| System: ( *\d+) Inuse: ( *\d+) Released: ( *\d+) Objects: ( *\d+)$`)
	var rows []row
	for _, match := range line.FindAllStringSubmatch(text, -1) {
		var n [6]uint64
		for i, field := range match[1:] {
			value, err := strconv.ParseUint(string(bytes.TrimSpace([]byte(field))), 10, 64)
			if err != nil {
				t.Fatalf("%q: %v", match[0], err)
			}
			n[i] = value
		}
		rows = append(rows, row{n[0], n[1], n[2], n[3], n[4], n[5]})
	}
	return rows
}

// The runtime documents HeapSys = HeapInuse + HeapIdle, HeapReleased is a part
// of HeapIdle, and HeapSys comes in whole 8 KiB pages.
func checkInvariants(t *testing.T, r row) {
	t.Helper()
	if r.inuse+r.released > r.system {
		t.Errorf("%+v: in use and released exceed the system's bytes", r)
	}
	if r.system == 0 || r.system%8192 != 0 || r.inuse%8192 != 0 {
		t.Errorf("%+v: not in whole pages", r)
	}
	if r.objects == 0 || r.objects*8 > r.inuse {
		t.Errorf("%+v: objects of less than 8 bytes each, or none", r)
	}
}

func TestCensusSeesWhatReadMemStatsSees(t *testing.T) {
	var out bytes.Buffer
	census := newCensus(1, log.New(&out, "", 0))
	var before, after runtime.MemStats

	held := make([][]byte, 64) // known by construction: 64 MiB live
	for i := range held {
		held[i] = make([]byte, 1<<20)
	}
	runtime.ReadMemStats(&before)
	census.arrive()
	runtime.ReadMemStats(&after)
	rows := rowsOf(t, out.String())
	if len(rows) != 1 {
		t.Fatalf("%d lines in %q, want 1", len(rows), out.String())
	}
	got := rows[0]
	checkInvariants(t, got)
	if got.inuse < 64<<20 {
		t.Errorf("HeapInuse %d, with 64 MiB held", got.inuse)
	}
	between := func(name string, got, a, b, slack uint64) {
		if got+slack < min(a, b) || got > max(a, b)+slack {
			t.Errorf("%s %d, ReadMemStats says %d before and %d after", name, got, a, b)
		}
	}
	const slack = 1 << 20 // the background scavenger, the test's own allocations
	between("HeapSys", got.system, before.HeapSys, after.HeapSys, slack)
	between("HeapInuse", got.inuse, before.HeapInuse, after.HeapInuse, slack)
	between("HeapReleased", got.released, before.HeapReleased, after.HeapReleased, 4*slack)
	between("HeapObjects", got.objects, before.HeapObjects, after.HeapObjects, 1000)
	runtime.KeepAlive(held)
}
