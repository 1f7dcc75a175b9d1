package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"whyres/collector/explain"
)

// outcomesOf is the verdict of a trace's or a replay's lines.
func outcomesOf(t *testing.T, out string) (v explain.Verdict) {
	t.Helper()
	rows := bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n"))
	if err := json.Unmarshal(rows[len(rows)-1], &v); err != nil {
		t.Fatal(err)
	}
	if v.Trace == nil {
		t.Fatalf("the last line is no verdict: %s", rows[len(rows)-1])
	}
	return v
}

// What became of releases whose outcome the subject knows by construction, with
// and without what the allocator got; and the same from the recording.
func TestOutcomesOfReleases(t *testing.T) {
	privileged(t)
	huge := smapsHugePages(t)
	const mib = 1 << 20
	for _, c := range []struct {
		name string
		args []string
		want map[explain.Why]int64 // asked, in MiB
	}{
		{"plain", nil, map[explain.Why]int64{
			explain.WhyGone: 8 + 6 + 4, explain.WhyTakenAgain: 6, explain.WhyNotResident: 3, explain.WhyLazy: 4,
			explain.WhyRefusedLocked: 2, explain.WhyMaybeShared: 5,
		}},
		{"allocator", []string{"--allocator"}, map[explain.Why]int64{
			explain.WhyGone: 8 + 6, explain.WhyTakenAgain: 6, explain.WhyNotResident: 3, explain.WhyLazy: 4,
			explain.WhyRefusedLocked: 2, explain.WhyShared: 5, explain.WhyHuge: 4,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !huge {
				c.want[explain.WhyGone] += c.want[explain.WhyHuge]
				delete(c.want, explain.WhyHuge)
			}
			file := filepath.Join(t.TempDir(), "a.whyres")
			args := append([]string{"trace", "--json", "--full-every", "200ms", "-o", file}, c.args...)
			live := execute(t, exec.Command(built().whyres, append(args, "--", built().subject, "outcomes")...))
			if live.code != 0 {
				t.Fatalf("exit %d: %s", live.code, live.err)
			}
			v := outcomesOf(t, live.out)
			var others int64 // what the runtime released on its own
			for _, by := range v.ByWho {
				if by.Who != "user" {
					others += int64(by.Asked)
				}
			}
			found := map[explain.Why]int64{}
			var sum explain.Outcome
			for _, o := range v.Outcomes {
				found[o.Why] = int64(o.Asked)
				sum.Calls, sum.Asked, sum.Left = sum.Calls+o.Calls, sum.Asked+o.Asked, sum.Left+o.Left
			}
			for why, want := range c.want {
				if over := found[why] - want*mib; over < 0 || over > others {
					t.Errorf("%s: %d bytes, want %d MiB and at most %d of the runtime's own", why, found[why], want, others)
				}
				delete(found, why)
			}
			for why, bytes := range found {
				if bytes > others {
					t.Errorf("%s: %d bytes that nobody made", why, bytes)
				}
			}
			if sum.Calls != v.Releases.Calls || sum.Asked != v.Releases.Asked || sum.Left != v.Releases.Attributed {
				t.Errorf("the rows sum to %+v, the releases are %+v", sum, v.Releases)
			}
			checkAllocator(t, &v, len(c.args) > 0, huge)
			again := execute(t, exec.Command(built().whyres, "replay", "--json", file))
			if a, b := encode(t, v), encode(t, outcomesOf(t, again.out)); a != b {
				t.Errorf("live\n%s\nreplayed\n%s", a, b)
			}
		})
	}
}

// Since Go 1.21 the runtime maps its heap anew where the kernel refuses to release
// it: the subject's two releases of 32 MiB are found among these calls.
func TestHeapThatIsMappedAnew(t *testing.T) {
	privileged(t)
	got := execute(t, exec.Command(built().whyres, "trace", "--json", "--", built().subject, "lockall"))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	v := outcomesOf(t, got.out)
	if v.MappedAnew == nil || v.MappedAnew.Asked < 60<<20 || v.MappedAnew.Left > 1<<20 {
		t.Errorf("mapped anew: %+v, want two times 32 MiB, less what was released by madvise at first, and nothing out of RES", v.MappedAnew)
	}
	refused := false
	for _, o := range v.Outcomes {
		refused = refused || o.Why == explain.WhyRefusedLocked
	}
	if !refused {
		t.Errorf("outcomes %+v: none was refused for locked memory", v.Outcomes)
	}
}

// checkAllocator: of what left RES all but the shared 5 MiB and the halves of four
// huge pages is free: pages that the allocator gets late are 31 a CPU at most.
func checkAllocator(t *testing.T, v *explain.Verdict, measured, huge bool) {
	t.Helper()
	got := v.Releases.ToAllocator
	if !measured {
		if got != nil {
			t.Errorf("the allocator got %d: not asked for", *got)
		}
		return
	}
	want := v.Releases.Attributed - 5<<20
	if huge {
		want -= 4 << 20
	}
	if got == nil {
		t.Error("what the allocator got is not told")
		return
	}
	if late := int64(31 * runtime.NumCPU() * os.Getpagesize()); *got < want-late || *got > want+late {
		t.Errorf("the allocator got %d, want %d", *got, want)
	}
}

func encode(t *testing.T, v explain.Verdict) string {
	t.Helper()
	text, err := json.Marshal(v.Trace)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// smapsHugePages: the kernel gives huge pages to who asks for them.
func smapsHugePages(t *testing.T) bool {
	t.Helper()
	mode, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	if err != nil || strings.Contains(string(mode), "[never]") {
		return false
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`MemFree: +(\d+) kB`).FindSubmatch(text)
	kib, err := strconv.Atoi(string(m[1]))
	return err == nil && kib > 256<<10
}
