package record

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"whyres/collector/mem"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// TestGolden pins the format: names of the contract never change.
func TestGolden(t *testing.T) {
	path := filepath.Join("testdata", "record.golden.jsonl")
	got := written(t, handBuilt())
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the recording's format changed; now:\n%s", got)
	}
	frames, damaged, err := readAll(t, bytes.NewReader(want))
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	sameFrames(t, frames, valid(handBuilt()))
}

// valid is what frames read back as: bytes that are not UTF-8 are replaced.
func valid(frames []mem.Frame) []mem.Frame {
	for _, f := range frames {
		if f.Event != nil {
			f.Event.Name = strings.ToValidUTF8(f.Event.Name, "\ufffd")
		}
	}
	return frames
}

func sameFrames(t *testing.T, got, want []mem.Frame) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d frames, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("frame %d:\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
}

func TestRoundTripCompressed(t *testing.T) {
	plain, packed := written(t, handBuilt()), written(t, handBuilt(), Zstd())
	if !bytes.HasPrefix(packed, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		t.Fatal("no zstd magic")
	}
	for _, in := range []io.Reader{
		bytes.NewReader(plain), iotest.OneByteReader(bytes.NewReader(plain)),
		bytes.NewReader(packed), iotest.OneByteReader(bytes.NewReader(packed)),
	} {
		frames, damaged, err := readAll(t, in)
		if err != nil || len(damaged) > 0 {
			t.Fatal(err, damaged)
		}
		sameFrames(t, frames, valid(handBuilt()))
	}
}

// TestCutAnywhere: a recording whose writer was killed replays up to the last
// whole line, and the rest costs one report.
func TestCutAnywhere(t *testing.T) {
	whole := written(t, handBuilt())
	first := bytes.IndexByte(whole, '\n')
	for n := first + 1; n < len(whole); n++ {
		if near := whole[max(n-3, 0):min(n+3, len(whole))]; n%7 != 0 && !bytes.Contains(near, []byte{'\n'}) {
			continue // about a line's end every byte, else every seventh
		}
		cut := whole[:n]
		frames, damaged, err := readAll(t, bytes.NewReader(cut))
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		lines := bytes.Count(cut, []byte{'\n'})
		if len(frames) < lines || len(frames) > lines+1 {
			t.Fatalf("cut at %d: %d frames of %d whole lines", n, len(frames), lines)
		}
		tail := cut[bytes.LastIndexByte(cut, '\n')+1:]
		wantDamaged := len(tail) > 0 && len(frames) == lines
		if (len(damaged) == 1) != wantDamaged || len(damaged) > 1 {
			t.Fatalf("cut at %d: damaged %v", n, damaged)
		}
		if wantDamaged && (!damaged[0].Cut || damaged[0].Line != lines+1) {
			t.Fatalf("cut at %d: %+v", n, damaged[0])
		}
	}
}

// TestCutCompressed: what was flushed replays from a compressed recording too.
func TestCutCompressed(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, Zstd())
	if err != nil {
		t.Fatal(err)
	}
	frames := handBuilt()
	flushedAt := make([]int, 0, len(frames))
	for _, f := range frames {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		flushedAt = append(flushedAt, out.Len())
	}
	for i, n := range flushedAt {
		for _, extra := range []int{0, 1, 2} {
			cut := out.Bytes()[:min(n+extra, out.Len())]
			got, damaged, err := readAll(t, bytes.NewReader(cut))
			if err != nil {
				t.Fatalf("cut after flush %d+%d: %v", i, extra, err)
			}
			if len(got) < i+1 {
				t.Errorf("cut after flush %d+%d: only %d frames", i, extra, len(got))
			}
			if len(damaged) != 1 || !damaged[0].Cut {
				t.Errorf("cut after flush %d+%d: damaged %v", i, extra, damaged)
			}
		}
	}
}

func TestDamagedLines(t *testing.T) {
	header := string(written(t, handBuilt()[:1]))
	good := `{"type":"mark","t":7,"mark":"gc","pid":1}` + "\n"
	for name, c := range map[string]struct {
		line string
		want string
	}{
		"no JSON":         {"garbage", "invalid character"},
		"zeros":           {"\x00\x00\x00", "invalid character"},
		"no type":         {`{"t":1}`, `no "type"`},
		"empty":           {``, "unexpected end"},
		"wrong kind":      {`{"type":"event","pid":"x"}`, "pid"},
		"bad address":     {`{"type":"event","addr":"12"}`, "0x"},
		"PID too large":   {`{"type":"event","t":1,"pid":99999999}`, "pid"},
		"PID negative":    {`{"type":"mark","t":1,"pid":-4}`, "pid"},
		"time negative":   {`{"type":"lost","t":-1}`, "t is -1"},
		"duration absurd": {`{"type":"event","t":1,"dur_ns":9223372036854775807}`, "dur_ns"},
		"RSS absurd":      {`{"type":"sample","t":1,"rss":{"anon":9223372036854775807}}`, "rss holds"},
		"heap absurd":     {`{"type":"sample","t":1,"memstats":{"heap_idle":18446744073709551615}}`, "memstats"},
		"page tables":     {`{"type":"sample","t":1,"vm_pte":18446744073709551615}`, "status"},
		"group absurd":    {`{"type":"sample","t":1,"cgroup":{"usage":18446744073709551615}}`, "cgroup"},
		"group's limit":   {`{"type":"sample","t":1,"cgroup":{"limit_usage":18446744073709551615}}`, "cgroup"},
		"group crowded":   {`{"type":"sample","t":1,"cgroup":{"processes":-1}}`, "processes"},
		"sysmon ran":      {`{"type":"sample","t":1,"go_clock":{"sysmon_ran":-1}}`, "sysmon_ran"},
		"sysmon wakes":    {`{"type":"sample","t":1,"go_clock":{"sysmon_wakes":9223372036854775807}}`, "sysmon_wakes"},
		"sysmon sleeps":   {`{"type":"sample","t":1,"go_clock":{"sysmon_sleep_ns":9223372036854775807}}`, "sysmon_sleep_ns"},
		"timer absurd":    {`{"type":"sample","t":1,"go_clock":{"timer":9223372036854775807}}`, "timer"},
		"next absurd":     {`{"type":"sample","t":1,"go_pages":{"next":{"bytes":18446744073709551615}}}`, "go_pages"},
		"now absurd":      {`{"type":"sample","t":1,"go_pages":{"now":{"resident":18446744073709551615}}}`, "go_pages"},
		"huge absurd":     {`{"type":"sample","t":1,"go_pages":{"idle":{"huge":18446744073709551615}}}`, "go_pages"},
		"class absurd":    {`{"type":"sample","t":1,"go_pages":{"sizes":[{"free":18446744073709551615}]}}`, "go_pages"},
		"chunk absurd":    {`{"type":"sample","t":1,"go_pages":{"chunks":[{"at":"0x0","stacks":[8192,18446744073709551615]}]}}`, "go_pages"},
		"a chunk's sum":   {`{"type":"sample","t":1,"go_pages":{"chunks":[{"at":"0x0","idle":[144115188075855872,0]}]}}`, "go_pages"},
		"chunks of what":  {`{"type":"sample","t":1,"go_pages":{"chunk_bytes":18446744073709551615}}`, "go_pages"},
		"GC backwards":    {`{"type":"sample","t":1,"memstats":{"gc_cpu_ns":-1}}`, "gc_cpu_ns"},
		"scavenger's age": {`{"type":"sample","t":1,"memstats":{"scavenge_cpu_ns":9223372036854775807}}`, "scavenge_cpu_ns"},
		"stacks absurd":   {`{"type":"sample","t":1,"go_pages":{"goroutines":{"dead":{"resident":18446744073709551615}}}}`, "go_pages"},
		"up absurd":       {`{"type":"mark","t":1,"mark":"exec","process":{"up_ns":-1}}`, "up_ns"},
		"long env":        {`{"type":"mark","t":1,"process":{"env":{"A":"` + strings.Repeat("x", 9000) + `"}}}`, "env"},
		"much env":        {`{"type":"mark","t":1,"process":{"env":{` + manyVariables(65) + `}}}`, "env"},
		"second header":   {strings.TrimSpace(header), "second header"},
		"deep":            {`{"type":"x","a":` + strings.Repeat("[", 20000), "exceeded max depth"},
	} {
		t.Run(name, func(t *testing.T) {
			frames, damaged, err := readAll(t, strings.NewReader(header+c.line+"\n"+good))
			if err != nil {
				t.Fatal(err)
			}
			if len(damaged) != 1 || damaged[0].Line != 2 || damaged[0].Cut || !strings.Contains(damaged[0].Error(), c.want) {
				t.Errorf("damaged %v, want line 2 with %q", damaged, c.want)
			}
			if len(frames) != 2 || frames[1].Mark == nil {
				t.Errorf("reading did not go on: %+v", frames)
			}
		})
	}
}

func manyVariables(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%d":"",`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

func TestUnknownIsSkipped(t *testing.T) {
	header := string(written(t, handBuilt()[:1]))
	in := header + `{"type":"verdict","t":1,"causes":[{}]}` + "\n" +
		`{"new":[1],"type":"mark","t":7,"mark":"comet","pid":1,"tail":{"x":1}}` + "\n"
	frames, damaged, err := readAll(t, strings.NewReader(in))
	if err != nil || len(damaged) > 0 || len(frames) != 2 {
		t.Fatal(frames, damaged, err)
	}
	if m := frames[1].Mark; m == nil || m.Kind != "comet" || frames[1].At != 7 {
		t.Errorf("got %+v", frames[1])
	}
}

func TestNotRecording(t *testing.T) {
	for name, c := range map[string]struct {
		in    string
		want  error
		words string
	}{
		"empty":          {"", ErrNotRecording, "empty"},
		"text":           {"hello\nworld\n", ErrNotRecording, "first line is no header"},
		"no header":      {`{"type":"event","t":1}` + "\n", ErrNotRecording, "first line is no header"},
		"other schema":   {`{"type":"header","schema":"whyres/probe/1"}` + "\n", ErrNotRecording, "whyres/probe/1"},
		"no schema":      {`{"type":"header"}` + "\n", ErrNotRecording, "schema"},
		"newer":          {`{"type":"header","schema":"whyres/record/2"}` + "\n", ErrNewer, "use a newer whyres"},
		"schema 0":       {`{"type":"header","schema":"whyres/record/0"}` + "\n", ErrNotRecording, "unknown schema"},
		"damaged header": {`{"type":"header","schema":"whyres/record/1","process":{"pid":-1}}` + "\n", ErrNotRecording, "pid"},
		"zstd of text":   {string(packed("hello\n")), ErrNotRecording, "no header"},
		"zstd of none":   {string(packed("")), ErrNotRecording, "empty"},
		"half a magic":   {"\x28\xb5", ErrNotRecording, "no header"},
		"magic alone":    {"\x28\xb5\x2f\xfd", ErrNotRecording, "ends too soon"},
		"zstd damaged":   {"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff", ErrNotRecording, "compressed data"},
		"endless line":   {strings.Repeat("x", MaxLine+10), ErrNotRecording, "no header"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(t, strings.NewReader(c.in))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.words)
			}
		})
	}
}

func packed(s string) []byte {
	enc, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true))
	if err != nil {
		panic(err)
	}
	return enc.EncodeAll([]byte(s), nil)
}

// TestErrorsOfInputStay: a failing disk is no damaged line.
func TestErrorsOfInputStay(t *testing.T) {
	broken := errors.New("the disk is on fire")
	for _, whole := range [][]byte{written(t, handBuilt()), written(t, handBuilt(), Zstd())} {
		in := io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), iotest.ErrReader(broken))
		if _, _, err := readAll(t, in); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}

func TestLongLine(t *testing.T) {
	header := string(written(t, handBuilt()[:1]))
	good := `{"type":"mark","t":7,"mark":"gc","pid":1}` + "\n"
	for name, long := range map[string]string{
		"bytes":  `{"type":"sample","t":1,"rss_source":"` + strings.Repeat("x", MaxLine) + `"}`,
		"values": `{"type":"sample","t":1,"vmas":[` + strings.Repeat("1,", maxValues+1) + `1]}`,
	} {
		frames, damaged, err := readAll(t, strings.NewReader(header+long+"\n"+good))
		if err != nil || len(frames) != 2 || len(damaged) != 1 || !errors.Is(damaged[0], ErrTooLong) {
			t.Errorf("%s: %d frames, damaged %v, %v", name, len(frames), damaged, err)
		}
	}
}

// TestEndlessLineIsNotHeld: a line without end costs no memory.
func TestEndlessLineIsNotHeld(t *testing.T) {
	header := written(t, handBuilt()[:1])
	in := io.MultiReader(bytes.NewReader(header), io.LimitReader(endless{}, 3*MaxLine))
	r, err := NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v", err)
	}
	if held := cap(r.lines.long); held > 2*MaxLine+1<<20 {
		t.Errorf("held %d bytes", held)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestWriterRefuses(t *testing.T) {
	frames := handBuilt()
	w, err := NewWriter(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(frames[1]); !errors.Is(err, ErrNoHeader) {
		t.Errorf("event first: %v", err)
	}
	if err := w.Write(mem.Frame{}); !errors.Is(err, ErrFrame) {
		t.Errorf("empty frame: %v", err)
	}
	if err := w.Write(mem.Frame{Event: frames[1].Event, Header: frames[0].Header}); !errors.Is(err, ErrFrame) {
		t.Errorf("two items: %v", err)
	}
	if err := w.Write(mem.Frame{Header: &mem.Header{Schema: "whyres/record/2"}}); err == nil {
		t.Error("a foreign schema was written")
	}
	if err := w.Write(frames[0]); err != nil {
		t.Error(err)
	}
	if err := w.Write(frames[0]); !errors.Is(err, ErrNoHeader) {
		t.Errorf("second header: %v", err)
	}
	huge := &mem.Sample{GoProblem: strings.Repeat("x", MaxLine)}
	if err := w.Write(mem.Frame{Sample: huge}); !errors.Is(err, ErrTooLong) {
		t.Errorf("huge sample: %v", err)
	}
}

// TestWholeLinesAreWritten: the writer underneath gets whole lines only.
func TestWholeLinesAreWritten(t *testing.T) {
	lines := &lineChecker{t: t}
	w, err := NewWriter(lines)
	if err != nil {
		t.Fatal(err)
	}
	frames := handBuilt()
	for i := range 2000 {
		if err := w.Write(frames[min(i, 1+i%(len(frames)-1))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if lines.writes < 3 {
		t.Errorf("%d writes: nothing was buffered in pieces", lines.writes)
	}
}

type lineChecker struct {
	t      *testing.T
	writes int
}

func (l *lineChecker) Write(p []byte) (int, error) {
	l.writes++
	if !bytes.HasSuffix(p, []byte("\n")) {
		l.t.Errorf("write %d ends within a line", l.writes)
	}
	return len(p), nil
}

// TestWriteErrorStays: after a short write no further line may follow.
func TestWriteErrorStays(t *testing.T) {
	full := errors.New("no space left on device")
	out := &failing{err: full}
	w, err := NewWriter(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(handBuilt()[0]); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); !errors.Is(err, full) {
		t.Errorf("flush: %v", err)
	}
	if err := w.Write(handBuilt()[1]); !errors.Is(err, full) {
		t.Errorf("write after it: %v", err)
	}
	if err := w.Close(); !errors.Is(err, full) || out.calls != 1 {
		t.Errorf("close: %v after %d writes", err, out.calls)
	}
}

type failing struct {
	err   error
	calls int
}

func (f *failing) Write([]byte) (int, error) {
	f.calls++
	return 0, f.err
}

// lineless is a line without an end.
type lineless struct{ read int }

func (e *lineless) Read(p []byte) (int, error) {
	e.read += len(p)
	clear(p)
	return len(p), nil
}

// What is none of ours may never end: /dev/zero is given up at the longest line.
func TestFirstLineWithoutEnd(t *testing.T) {
	in := &lineless{}
	r, err := NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); !errors.Is(err, ErrNotRecording) || in.read > MaxLine+1<<20 {
		t.Errorf("%v after %d bytes", err, in.read)
	}
}
