package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/klauspost/compress/zstd"

	"whyres/cmd/whyres/internal/report"
	"whyres/collector/record"
)

// Whatever stands in a recording, its page is made, and what its charts read is JSON.
func FuzzPage(f *testing.F) {
	paths, err := filepath.Glob("../../testdata/recordings/*.zst")
	if err != nil || len(paths) == 0 {
		f.Fatal("no recordings to begin with")
	}
	for _, path := range paths {
		packed, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		r, err := zstd.NewReader(bytes.NewReader(packed))
		if err != nil {
			f.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain[:min(len(plain), 20_000)])
	}
	const head = `{"type":"header","schema":"whyres/record/1","time":"2026-11-24T12:00:00Z","mono":9000000000000000000,"host":{"kernel":"","arch":"","page_size":0,"thp":"","cpus":0},"process":{"pid":1,"comm":"</script>","exe":"","go_version":"","cgo":false}}` + "\n"
	for _, line := range []string{
		`{"type":"sample","t":1,"dur_ns":0,"pid":1,"rss":{"anon":1099511627776,"file":0,"shmem":0},"rss_source":"status","smaps":{},"vmas":[{"start":"0x0","end":"0xffffffffffffffff","perms":"","rss":1},{"start":"0x1","end":"0x0","perms":"---p","rss":1}]}`,
		`{"type":"event","t":0,"dur_ns":9000000000000000000,"pid":1,"tid":1,"call":"mmap","addr":"0x0","len":18446744073709551615,"ret":0,"errno":"","rss_before":{},"rss_after":{},"attributed":-1,"who":""}`,
		`{"type":"mark","t":0,"mark":"gc","pid":1,"num_gc":1,"first_gc":4294967295}`,
		`{"type":"lost","t":0,"total":18446744073709551615,"new":18446744073709551615}`,
	} {
		f.Add([]byte(head + line + "\n" + line + "\n"))
	}
	data := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`)
	f.Fuzz(func(t *testing.T, recording []byte) {
		r, err := record.NewReader(bytes.NewReader(recording))
		if err != nil {
			return
		}
		defer r.Close()
		g := report.NewGatherer(1)
		for {
			frame, err := r.Next()
			var damaged *record.LineError
			if errors.As(err, &damaged) {
				continue
			}
			if err != nil {
				break
			}
			if err := g.Frame(frame); err != nil {
				t.Fatal(err)
			}
		}
		page := html(t, g.Recording("r0", "fuzz", report.Damage{}, words()))
		found := data.FindSubmatch(page)
		if found == nil || !json.Valid(found[1]) || bytes.ContainsAny(found[1], "<>&\u2028\u2029") {
			t.Errorf("the data is not JSON, or could end its element: %.200s", found)
		}
	})
}
