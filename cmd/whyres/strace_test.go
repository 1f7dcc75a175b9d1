package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Both watch the same run: whyres traces strace and, as its child, the subject.
// Each of the subject's mmap, munmap and madvise must be reported once by
// whyres, in the order of its thread, with strace's arguments and results.
func TestEachCallAsStraceSeesIt(t *testing.T) {
	privileged(t)
	need(t, "strace")
	log := filepath.Join(t.TempDir(), "strace")
	got := execute(t, exec.Command(built().whyres, "trace", "--json", "--",
		"strace", "-f", "-e", "trace=mmap,munmap,madvise,execve", "-e", "raw=mmap,munmap,madvise", "-o", log, built().subject, "churn"))
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	want, pid := straceCalls(t, string(text))
	have := whyresCalls(lines(t, got.out), pid)
	calls := 0
	for tid, w := range want {
		h := have[tid]
		// Before its exec whyres has seen the child of strace already.
		if extra := len(h) - len(w); extra > 0 && fmt.Sprint(tid) == pid {
			h = h[extra:]
		}
		if a, b := strings.Join(h, "\n"), strings.Join(w, "\n"); a != b {
			t.Errorf("thread %s: whyres saw\n%s\nstrace saw\n%s", tid, a, b)
		}
		calls += len(w)
	}
	if calls < 100 || len(want) < 3 {
		t.Errorf("only %d calls of %d threads: this test compares too little", calls, len(want))
	}
	t.Logf("%d calls of %d threads, the same", calls, len(want))
}

// straceCalls gives the calls of each thread after the subject's exec, as
// "madvise(1,2,3) = 0".
func straceCalls(t *testing.T, log string) (calls map[string][]string, pid string) {
	t.Helper()
	calls = map[string][]string{}
	begun := map[string]string{}
	whole := regexp.MustCompile(`^(\d+) +(\w+)\((.*)\)\s+= (\S+)(?: (E\w+))?`)
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		tid, rest, _ := strings.Cut(line, " ")
		if before, ok := strings.CutSuffix(line, " <unfinished ...>"); ok {
			begun[tid] = before
			continue
		}
		if _, after, ok := strings.Cut(rest, " resumed>"); ok {
			line = begun[tid] + after
		}
		m := whole.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if m[2] == "execve" {
			pid, calls = m[1], map[string][]string{}
			continue
		}
		args := strings.Split(m[3], ", ")
		for i, a := range args {
			args[i] = number(t, a)
		}
		if m[2] == "mmap" {
			// The descriptor is an int: the register's upper half is noise.
			fd, _ := strconv.ParseUint(args[4], 10, 64)
			args[4] = strconv.Itoa(int(int32(fd)))
		}
		ret := m[5]
		if ret == "" {
			ret = number(t, m[4])
		}
		calls[m[1]] = append(calls[m[1]], fmt.Sprintf("%s(%s) = %s", m[2], strings.Join(args, ","), ret))
	}
	return calls, pid
}

func number(t *testing.T, s string) string {
	t.Helper()
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatalf("strace says %q: %v", s, err)
	}
	return strconv.FormatUint(n, 10)
}

// whyresCalls gives the process's calls of each thread in the same form.
func whyresCalls(objects []map[string]any, pid string) map[string][]string {
	calls := map[string][]string{}
	for _, o := range objects {
		if o["type"] != "event" || fmt.Sprint(o["pid"]) != pid {
			continue
		}
		tid := fmt.Sprintf("%.0f", o["tid"])
		addr, _ := strconv.ParseUint(o["addr"].(string), 0, 64)
		args := []string{strconv.FormatUint(addr, 10), text(o["len"])}
		switch o["call"] {
		case "mmap":
			args = append(args, text(o["prot"]), text(o["map_flags"]), text(o["fd"]), text(o["offset"]))
		case "madvise":
			args = append(args, map[string]string{"MADV_DONTNEED": "4", "MADV_HUGEPAGE": "14", "MADV_NOHUGEPAGE": "15", "MADV_COLLAPSE": "25"}[o["advice"].(string)])
		case "munmap":
		default:
			continue
		}
		ret := o["errno"].(string)
		if ret == "" {
			ret = text(o["ret"])
		}
		calls[tid] = append(calls[tid], fmt.Sprintf("%s(%s) = %s", o["call"], strings.Join(args, ","), ret))
	}
	return calls
}

// text is a JSON number, absent for 0, as digits.
func text(v any) string { return strconv.FormatInt(int64(float(v)), 10) }

func float(v any) float64 {
	f, _ := v.(float64)
	return f
}
