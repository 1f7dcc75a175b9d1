package kernel

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"whyres/collector/mem"
)

// The files of a thread: of /proc, but with names and numbers of the process's.
func FuzzThreadFiles(f *testing.F) {
	call := strconv.Itoa(unix.SYS_FUTEX)
	for _, text := range []string{
		"", "running\n", "-1 0x7ffe 0x45\n",
		call + " 0x5d2a38 0x80 0x0 0x7f01 0x0 0x0 0x7ffe 0x45\n",
		call + " 0x5d2a38 0x80 0xffffffff00000002 0x0 0x0 0x0 0x7ffe 0x45",
		call + " 0xffffffffffffffff1 0x80 0x0 0x7f01 0x0 0x0 0x7ffe 0x45",
		"cat (6962, #threads: 1)\n---\nse.exec_start                                :      24045066.222800\nse.vruntime : 1.5\n",
		"se.exec_start : 9223372036854775807.999999\n", "se.exec_start : -0.-00001\n",
		"7 (a) b) S 1 7 7 0 -1 4194560 10 0 0 0 1 2 0 0 20 0 1 0 99 4096 7 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 5 0 0 0 0 0",
		"7 (a) S", "0-3,8\n", "(null)\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if w := parseFutexWait(text); w.timed() && w.timeoutAt == 0 {
			t.Errorf("%+v", w)
		}
		if ticks, err := parseExecStart(text); err == nil && ticks < 0 {
			t.Errorf("%d ticks", ticks)
		}
		if cpu, err := parseLastCPU(text); err == nil && cpu < 0 {
			t.Errorf("CPU %d", cpu)
		}
		_ = cpuListed(string(text), 3)
	})
}

// An environment is as the process likes it. Nothing is kept but what was asked for,
// and of GODEBUG whole numbers alone.
func FuzzPickEnviron(f *testing.F) {
	for _, text := range []string{
		"", "\x00\x00", "GOGC=50\x00GODEBUG=madvdontneed=1,secret=x\x00", "GODEBUG=hunter2", "GODEBUG=,,=,madvdontneed=0,madvdontneed=0x",
		"GOGC=\xff\x1b[2J\x00", "GOGC=1\x00GOGC=2",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, value := range pickEnviron(text, mem.EnvNames()) {
			if !strings.Contains(strings.Join(mem.EnvNames(), " "), name) || !utf8.ValidString(value) || len(value) > 3*maxEnvText {
				t.Errorf("%q=%q", name, value)
			}
			if name != "GODEBUG" || value == "" {
				continue
			}
			for setting := range strings.SplitSeq(value, ",") {
				_, number, _ := strings.Cut(setting, "=")
				if _, err := strconv.ParseInt(number, 10, 32); err != nil && len(value) < maxEnvText {
					t.Errorf("GODEBUG keeps %q of %q", setting, text)
				}
			}
		}
	})
}

// A control group's files, of both versions.
func FuzzMemoryStat(f *testing.F) {
	for _, text := range []string{
		"", "anon 1\nfile 2\ninactive_file 3\nshmem 4\nkernel 5\nsock 6\nslab 7\npagetables 8\n",
		"total_rss 1\ntotal_cache 2\n", "anon\n", "anon -1\n", "anon 18446744073709551616\n", "anon 1 2\n", "\x00\n \n",
	} {
		f.Add([]byte(text), []byte("4096\n"))
	}
	f.Add([]byte("anon 1\n"), []byte("max\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, stat, usage []byte) {
		for name, text := range map[string][]byte{"memory.stat": stat, "memory.current": usage, "memory.usage_in_bytes": usage} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, files := range []groupFiles{filesOfV1(), filesOfV2()} {
			g, err := files.read(dir)
			if want, bad := readBytes(filepath.Join(dir, files.usage)); err == nil && (bad != nil || g.Usage != want) {
				t.Errorf("usage %d of %q", g.Usage, usage)
			}
		}
	})
}
