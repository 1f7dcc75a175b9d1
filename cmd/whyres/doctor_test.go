package main

import (
	"bytes"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// checksOf are doctor's checks by their ids.
func checksOf(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	objects := lines(t, text)
	if len(objects) != 1 || objects[0]["schema"] != "whyres/doctor/1" {
		t.Fatalf("want one object of whyres/doctor/1: %.300s", text)
	}
	checks := map[string]map[string]any{}
	for _, c := range objects[0]["checks"].([]any) {
		c := c.(map[string]any)
		for _, key := range []string{"id", "status", "found", "means", "remedy"} {
			if _, isText := c[key].(string); !isText {
				t.Errorf("no %s in %v", key, c)
			}
		}
		checks[c["id"].(string)] = c
	}
	return checks
}

// Where tracing works doctor says so; where it does not, it does not.
func TestDoctorAsRootAndAsNobody(t *testing.T) {
	privileged(t)
	pid, own := startRest(t)
	got := execute(t, exec.Command(built().whyres, "doctor", "--json", "-p", strconv.Itoa(pid)))
	if got.code != exitDone || got.err != "" {
		t.Fatalf("exit %d: %s\n%s", got.code, got.err, got.out)
	}
	checks := checksOf(t, got.out)
	for _, id := range []string{"kernel", "btf", "bpf", "memory", "process", "go_runtime", "self_check"} {
		if checks[id]["status"] != "ok" {
			t.Errorf("%v; the process says %v", checks[id], own)
		}
	}
	nobody := exec.Command(built().whyres, "doctor", "--json", "-p", strconv.Itoa(pid))
	nobody.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	got = execute(t, nobody)
	if got.code != exitUnsupported || got.err != "" {
		t.Fatalf("as nobody: exit %d: %s", got.code, got.err)
	}
	checks = checksOf(t, got.out)
	for _, id := range []string{"bpf", "cap_bpf", "cap_sys_ptrace", "process", "go_runtime"} {
		if checks[id]["status"] != "missing" || checks[id]["remedy"] == "" {
			t.Errorf("as nobody: %v", checks[id])
		}
	}
}

func TestDoctorUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]int{
		"doctor -p 0": exitUsage, "doctor now": exitUsage, "doctor --color blue": exitUsage, "doctor -p 4194305": exitGone,
	} {
		var errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), nil, io.Discard, &errs); code != want || errs.Len() == 0 {
			t.Errorf("%s: exit %d, %q", args, code, errs.String())
		}
	}
}
