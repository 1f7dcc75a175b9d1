package product

import "testing"

// Of the JSON that whyres prints, what these tests look at: written down again from
// its documentation, so that a field that changes its name is noticed.
type (
	rss struct {
		Anon, File, Shmem int64
	}
	part struct {
		ID, Parent string
		Bytes      int64
	}
	explained struct {
		Schema   string `json:"schema"`
		RES      int64  `json:"res_bytes"`
		MemStats struct {
			Source  string `json:"source"`
			HeapSys int64  `json:"heap_sys"`
			NumGC   int64  `json:"num_gc"`
		} `json:"memstats"`
		Process struct {
			PID       int    `json:"pid"`
			GoVersion string `json:"go_version"`
		} `json:"process"`
		Ledger []part `json:"ledger"`
	}
	traceLine struct {
		explained
		Type   string `json:"type"`
		Time   int64  `json:"t"`
		Call   string `json:"call"`
		Advice string `json:"advice"`
		Len    int64  `json:"len"`
		Errno  string `json:"errno"`
		Before *rss   `json:"rss_before"`
		After  *rss   `json:"rss_after"`
		RSS    *rss   `json:"rss"`
		Total  *int64 `json:"total"` // of a line "lost"
		Smaps  *struct {
			RSS int64 `json:"rss"`
		} `json:"smaps"`
	}
)

func (r rss) total() int64 { return r.Anon + r.File + r.Shmem }

// left is what the call took out of RES.
func (l *traceLine) left() int64 { return l.Before.total() - l.After.total() }

// released reports whether the line is a call that gave memory back.
func (l *traceLine) released() bool {
	return l.Type == "event" && l.Call == "madvise" && l.Advice == "MADV_DONTNEED" && l.Errno == "" && l.Before != nil && l.After != nil
}

// addsUp checks that the ledger divides all of RES, and explains nearly all.
func (e *explained) addsUp(t *testing.T) {
	t.Helper()
	parents := map[string]bool{}
	for _, p := range e.Ledger {
		parents[p.Parent] = true
	}
	sum, unexplained, found := int64(0), int64(0), false
	for _, p := range e.Ledger {
		if !parents[p.ID] {
			sum += p.Bytes
		}
		if p.ID == "unexplained" {
			unexplained, found = p.Bytes, true
		}
	}
	if e.RES <= 0 || sum != e.RES {
		t.Errorf("the ledger's leaves sum to %d, RES is %d", sum, e.RES)
	}
	if !found || unexplained > e.RES/100 || unexplained < -e.RES/100 {
		t.Errorf("%d bytes of %d are unexplained (the part is there: %v)", unexplained, e.RES, found)
	}
	if e.MemStats.Source != "memory" {
		t.Errorf("the runtime's numbers come from %q, want its memory", e.MemStats.Source)
	}
}
