package goruntime

import (
	"bytes"
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

// This test's own file says what its build settings in memory say.
func TestSanitizer(t *testing.T) {
	t.Parallel()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("no build info")
	}
	want := ""
	for _, s := range info.Settings {
		if name := strings.TrimPrefix(s.Key, "-"); s.Value == "true" && (name == "race" || name == "asan" || name == "msan") {
			want = name
		}
	}
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if got := sanitizer(file); got != want {
		t.Errorf("built with %q, want %q", got, want)
	}
	for name, text := range map[string]string{"empty": "", "no ELF": strings.Repeat("x", 4096)} {
		if got := sanitizer(bytes.NewReader([]byte(text))); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
