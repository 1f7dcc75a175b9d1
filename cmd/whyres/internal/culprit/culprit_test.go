package culprit

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	for _, test := range []struct{ name, text, says string }{
		{"one", `{"cause": "a", "what": "b", "see": "explain", "confidence": "proved", "within": 5}`, ""},
		{"mixed", `{"mixed": true, "what": "b", "see": "trace", "confidence": "proved", "least": {"a": "likely"}, "within": 5}`, ""},
		{"no cause", `{"what": "b", "see": "explain", "confidence": "proved", "within": 5}`, "want cause or mixed"},
		{"both", `{"cause": "a", "mixed": true, "what": "b", "see": "explain", "confidence": "proved", "within": 5}`, "want cause or mixed"},
		{"no way to see it", `{"cause": "a", "what": "b", "see": "look", "confidence": "proved", "within": 5}`, "explain or trace"},
		{"a field that nobody reads", `{"cause": "a", "wat": "b"}`, "wat"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "culprit.json"), []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(dir)
		switch {
		case test.says == "" && (err != nil || !slices.Equal(c.Go, []string{Local})):
			t.Errorf("%s: %v, releases %v", test.name, err, c.Go)
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: %v, want %s", test.name, err, test.says)
		}
	}
}

// A remedy replaces what it names, and nothing else.
func TestRemedied(t *testing.T) {
	c := Culprit{Args: []string{"a"}, Env: map[string]string{"A": "1"}, Go: []string{"go1.2"}, Remedy: &Remedy{Args: []string{"b"}}}
	if got := c.Remedied(); got.Args[0] != "b" || got.Env["A"] != "1" || got.Go[0] != "go1.2" {
		t.Errorf("got %+v", got)
	}
}
