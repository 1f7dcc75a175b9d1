package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"whyres/cmd/whyres/internal/lab"
)

func TestSchedule(t *testing.T) {
	const s = int64(time.Second)
	for _, c := range []struct {
		name   string
		orders []lab.Order
		quick  bool
		want   string
	}{
		{"nothing", nil, false, ""},
		{"once", []lab.Order{{What: lab.OrderFree, After: s}}, false, "1s free"},
		{"GCs forced", nil, true, "3s gc, 6s gc"},
		{"between them", []lab.Order{{What: lab.OrderFree, After: 3 * s, Every: 2 * s}}, true, "3s free, 3s gc, 5s free, 6s gc, 7s free, 9s free"},
		{"out of order", []lab.Order{{What: lab.OrderGC, After: 5 * s}, {What: lab.OrderFree, After: 2 * s}}, false, "2s free, 5s gc"},
	} {
		var got []string
		for due := range schedule(c.orders, c.quick, 9*time.Second) {
			if got = append(got, due.after.String()+" "+string(due.what)); len(got) == 6 {
				break
			}
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"24MiB": 24 << 20, "1GiB": 1 << 30, "512KiB": 512 << 10, "1TiB": 1 << 40, "4096": 4096, "4096B": 4096,
		"": 0, "MiB": 0, "24Mi": 0, "24MB": 0, "24M": 0, "-1MiB": 0, "0": 0, "1.5GiB": 0, "9999999999TiB": 0, "24mib": 0,
	} {
		got, err := memoryLimit(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestPlaces(t *testing.T) {
	p := place{"127.0.0.1:4711", 99}
	if got := p.fill("x {addr} :{port} {pid} {other} {addr}"); got != "x 127.0.0.1:4711 :4711 99 {other} 127.0.0.1:4711" {
		t.Errorf("%q", got)
	}
}

func TestTargetWords(t *testing.T) {
	t.Setenv("WHO", "me you")
	for line, want := range map[string]string{
		`sh -c 'a  b' "x y" {addr}`: "sh|-c|a  b|x y|{addr}",
		`sh "$WHO"`:                 "",
		`sh ${WHO:-x}`:              "",
		`sh ~/x`:                    "",
		`sh '$WHO' \$WHO`:           "sh|$WHO|$WHO",
		`sh 'open`:                  "",
		`sh $(id)`:                  "",
		`sh <(id)`:                  "",
		`sh $((1+1))`:               "",
		`sh "a` + "`id`" + `"`:      "",
		`  `:                        "",
		`no-such-program-at-all`:    "",
	} {
		words, err := targetWords(line)
		if err != nil {
			words = nil
		} else {
			words[0] = filepath.Base(words[0])
		}
		if got := strings.Join(words, "|"); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
}

// Which program a load of sh's begins with; nothing of it is run or replaced.
func TestFirstWord(t *testing.T) {
	t.Setenv("WHO", "me")
	for line, want := range map[string]string{
		"./load -x {addr}":     "./load",
		"'./my load' | sed s/": "./my load",
		"load <(id)":           "load",
		"<(id)":                "",
		"$WHO x":               "",
		"$(id)":                "",
		"":                     "",
		"'open":                "",
	} {
		if got := firstWord(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestLabProgressLine(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	waiting := labPhase{name: "GOGC=50", what: "waiting %s for the scavenger", until: now.Add(41 * time.Second)}
	burst := labPhase{name: "default", what: "the burst"}
	for _, c := range []struct {
		phases []labPhase
		done   int
		rest   string
		want   string
	}{
		{[]labPhase{burst}, 0, "", "run 1 of 12, default, the burst"},
		{[]labPhase{waiting}, 4, "about 4 min", "run 5 of 12, GOGC=50, waiting 41 s for the scavenger · about 4 min left"},
		{[]labPhase{waiting, burst}, 11, "about 30 s", "run 12 of 12, GOGC=50, waiting 41 s for the scavenger (and 1 more) · about 30 s left"},
	} {
		if got := describeProgress(c.phases, now, c.done, 12, c.rest); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A results file is somebody else's text: its names become files, its numbers loops.
func TestDamagedLabFolders(t *testing.T) {
	good := `{"schema":"whyres/lab/1","runs":1,"servers":1,"settle_ns":9000000000,"goal":"res","settings":[{"id":"default","status":"pending"},{"id":"other","status":"pending"}],"how":{"load_limit_ns":60000000000,"at_once":1}}`
	for _, c := range []struct{ name, text, says string }{
		{"as it should be", good, ""},
		{"nothing", "", "is damaged"},
		{"cut", good[:60], "is damaged"},
		{"another schema", strings.Replace(good, "lab/1", "lab/9", 1), "whyres/lab/9"},
		{"a name that leads elsewhere", strings.Replace(good, `"other"`, `"../../etc"`, 1), "is no name"},
		{"a name that is hidden", strings.Replace(good, `"other"`, `".x"`, 1), "is no name"},
		{"no name", strings.Replace(good, `"other"`, `""`, 1), "is no name"},
		{"a Go that leads elsewhere", strings.Replace(good, `"id":"default"`, `"id":"default","go":"go1.21/../../x"`, 1), "no Go version"},
		{"a mode that there is not", strings.Replace(good, `"id":"default"`, `"id":"default","thp":"sometimes"`, 1), "no mode of huge pages"},
		{"a billion runs", strings.Replace(good, `"runs":1`, `"runs":1000000000`, 1), "is damaged: 1000000000 runs"},
		{"no time", strings.Replace(good, `9000000000`, `-1`, 1), "make no sense"},
		{"a thousand at once", strings.Replace(good, `"at_once":1`, `"at_once":1000`, 1), "make no sense"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, labResults), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := execute(t, exec.Command(built().whyres, "lab", "--json", "--show", dir))
		if c.says == "" {
			if got.code != exitDone {
				t.Errorf("%s: exit %d, %s", c.name, got.code, got.err)
			}
			continue
		}
		if got.code != exitFailed || !strings.Contains(got.err, c.says) || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%s: exit %d, %s", c.name, got.code, got.err)
		}
	}
}

func TestLabRefusesWrongUsage(t *testing.T) {
	for args, says := range map[string]string{
		"extra":                            "takes no argument",
		"--runs 0":                         "--runs 0: want 1 to 100",
		"--servers 3":                      "--servers 3: want 1 or 2",
		"--at-once 0":                      "--at-once 0",
		"--at-once 2 --servers 2":          "one of the two",
		"--settle 1ms":                     "--settle 1ms",
		"--load-limit 900h":                "--load-limit",
		"--goal speed":                     "want res, time, latency or cpu",
		"--json --markdown":                "not both",
		"--resume a --show b":              "not both",
		"--show a --runs 3":                "--runs cannot be changed",
		"--resume a --quick":               "--quick cannot be changed",
		"--target true":                    "--load",
		"--target true --load x --quick":   "--gc 'CMD'",
		"--target true --load x --go 1.21": "not with --target",
		"--go 1.15.15":                     "needs Go 1.16 or newer",
		"--retry":                          "--resume DIR",
		"--show a --retry":                 "goes with --resume",
		"--thp always":                     "--allow-settings",
		"--thp sometimes --allow-settings": "want never, madvise or always",
		"--thp never --allow-settings --at-once 2": "not with --at-once",
		"--limits 24MiB":       "two sizes",
		"--limits 24MiB,x":     `"x" is no size`,
		"--limits 36MiB,24MiB": "the smaller one first",
		"--color blue":         "--color",
	} {
		got := execute(t, exec.Command(built().whyres, append([]string{"lab"}, strings.Fields(args)...)...))
		if got.code != exitUsage || !strings.Contains(got.err, says) || strings.Count(got.err, "\n") != 1 || got.out != "" {
			t.Errorf("%s: exit %d, %s", args, got.code, got.err)
		}
	}
}
