package expvar

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"whyres/collector/mem"
)

func fetch(t *testing.T, url string) (*Vars, error) {
	t.Helper()
	u, err := ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return Fetch(t.Context(), u)
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// The standard library's own handler, against this process's ReadMemStats.
func TestOfTheStandardLibrary(t *testing.T) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v, err := fetch(t, serve(t, expvar.Handler().ServeHTTP))
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if s := v.Stats; s.Mallocs <= before.Mallocs || s.Mallocs >= after.Mallocs || s.Sys < before.Sys || s.Sys > after.Sys {
		t.Errorf("mallocs %d, sys %d; before %d, %d; after %d, %d", s.Mallocs, s.Sys, before.Mallocs, before.Sys, after.Mallocs, after.Sys)
	}
	if len(v.Cmdline) == 0 {
		t.Error("no command line")
	}
	mono := mem.Instant(100 * time.Hour)
	m := v.MemStats(time.Now(), mono)
	if ago := mono.Sub(m.LastGC); v.Stats.NumGC != before.NumGC || ago <= 0 || ago > 10*time.Second {
		t.Errorf("GC %d, %v ago; it was number %d, just now", v.Stats.NumGC, ago, before.NumGC)
	}
}

// Each number that both sides name alike is the same; those that only we name
// are unknown.
func TestEachNumber(t *testing.T) {
	var made runtime.MemStats
	value := reflect.ValueOf(&made).Elem()
	for i := range value.NumField() {
		if f := value.Field(i); f.CanUint() {
			f.SetUint(uint64(1000 + i))
		}
	}
	made.LastGC = 5e9
	text, err := json.Marshal(map[string]any{"memstats": made, "cmdline": []string{"a"}, "other": []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := fetch(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) }))
	if err != nil {
		t.Fatal(err)
	}
	got := v.MemStats(time.Unix(7, 0), mem.Instant(30e9))
	if got.Source != "expvar" || got.LastGCUnix != 5e9 || got.LastGC != mem.Instant(28e9) || !got.HeapWalked {
		t.Errorf("%+v", got)
	}
	same := 0
	for i := range reflect.TypeFor[mem.MemStats]().NumField() {
		name := reflect.TypeFor[mem.MemStats]().Field(i).Name
		ours, theirs := reflect.ValueOf(got).Elem().Field(i), value.FieldByName(name)
		switch {
		case name == "LastGC":
		case theirs.IsValid() && theirs.CanUint():
			same++
			if ours.Uint() != theirs.Uint() {
				t.Errorf("%s is %d, they say %d", name, ours.Uint(), theirs.Uint())
			}
		case !ours.IsZero() && name != "Source" && name != "HeapWalked" && name != "LastGCUnix":
			t.Errorf("%s is %v and was not served", name, ours)
		}
	}
	if same < 16 {
		t.Errorf("only %d numbers compared", same)
	}
}

func TestLastGC(t *testing.T) {
	for _, tt := range []struct {
		unix uint64
		want mem.Instant
	}{
		{0, 0},               // none yet
		{8e9, 0},             // in the future
		{6e9, 1e9},           // a second ago
		{4e9, 0},             // before the machine started
		{^uint64(0) >> 1, 0}, // nonsense
	} {
		if got := lastGC(tt.unix, time.Unix(7, 0), 2e9); got != tt.want {
			t.Errorf("%d: %d, want %d", tt.unix, got, tt.want)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	other := serve(t, expvar.Handler().ServeHTTP)
	for _, tt := range []struct {
		name string
		does http.HandlerFunc
		is   error
		says string
	}{
		{"another host", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) }, ErrUnreachable, "leads to another place, " + other},
		{"round and round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, ErrUnreachable, "on and on"},
		{"not found", http.NotFound, ErrNotVars, "404 Not Found"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, ErrNotVars, "invalid character"},
		{"no memstats", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"cmdline":["x"]}`) }, ErrNotVars, "no memstats"},
		{"empty memstats", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"memstats":{}}`) }, ErrNotVars, "no memstats"},
		{"other memstats", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"memstats":{"Sys":-1}}`) }, ErrNotVars, "Sys"},
		{"no end", endless, ErrNotVars, "longer than 16 MiB"},
		{"cut short", cutShort, ErrUnreachable, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := fetch(t, serve(t, tt.does))
			if v != nil || !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// endless writes until nobody reads.
func endless(w http.ResponseWriter, _ *http.Request) {
	spaces := []byte(strings.Repeat(" ", 1<<20))
	for {
		if _, err := w.Write(spaces); err != nil {
			return
		}
	}
}

func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"memstats":`)
}

func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		<-release
	})
	u, err := ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Fetch(ctx, u); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no whole answer") {
		t.Errorf("%v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(nil)
	url := strings.Replace(s.URL, "http://", "http://user:secret@", 1)
	s.Close()
	_, err := fetch(t, url)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestRedirectOnTheSameHost(t *testing.T) {
	if _, err := fetch(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/debug/vars" {
			http.Redirect(w, r, "/moved", http.StatusFound)
			return
		}
		expvar.Handler().ServeHTTP(w, r)
	})); err != nil {
		t.Error(err)
	}
}

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]string{
		"http://localhost:8080":            "http://localhost:8080/debug/vars",
		"http://localhost:8080/":           "http://localhost:8080/debug/vars",
		"https://[::1]:8443/metrics/vars":  "https://[::1]:8443/metrics/vars",
		"http://u:p@localhost/debug/vars?": "http://u:p@localhost/debug/vars?",
		"localhost:8080":                   "",
		"":                                 "",
		"ftp://localhost/x":                "",
		"http:///debug/vars":               "",
		"http://local host/":               "",
	} {
		u, err := ParseURL(raw)
		switch {
		case want == "" && !errors.Is(err, ErrURL):
			t.Errorf("%q: %v, %v", raw, u, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: %v, %v", raw, u, err)
		}
	}
}
