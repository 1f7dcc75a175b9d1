package probe

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Each constant of ids.go is a case, and each case has one.
func TestCatalogueIsWhole(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "ids.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			id, err := strconv.Unquote(text.Value)
			if err != nil {
				t.Fatal(err)
			}
			missing[id] = true
		}
		return true
	})
	if len(missing) == 0 {
		t.Fatal("no ids")
	}
	for _, c := range Catalogue() {
		if !missing[c.ID] {
			t.Errorf("%s is there twice, or no constant", c.ID)
		}
		delete(missing, c.ID)
		if !strings.HasSuffix(c.Does, ".") || c.Name == "" || c.Call == "" || !strings.HasPrefix(c.Advice, "MADV_") {
			t.Errorf("%s is not described: %+v", c.ID, c)
		}
		if !strings.Contains(c.ID, "half") && !strings.Contains(c.ID, "locked") && !strings.Contains(c.ID, c.Pages) && c.ID != DontneedZero {
			t.Errorf("%s does not name its pages, %s", c.ID, c.Pages)
		}
		if found, ok := Find(c.ID); !ok || found.ID != c.ID {
			t.Errorf("%s is not found", c.ID)
		}
	}
	for id := range missing {
		t.Errorf("%s has no case", id)
	}
}

// The rows of a table are grouped by what stands above them.
func TestCatalogueIsGrouped(t *testing.T) {
	seen, last := map[string]bool{}, ""
	for _, c := range Catalogue() {
		h := Heading(c.Call, c.Advice)
		if h != last && seen[h] {
			t.Errorf("%s: its group %s comes a second time", c.ID, h)
		}
		seen[h], last = true, h
	}
}

func TestMeanings(t *testing.T) {
	huge, _ := Find(DontneedHugePart)
	small, _ := Find(DontneedSmall)
	if a, b := huge.MeaningOf(LeftRES), small.MeaningOf(LeftRES); a == b || a == "" || b == "" {
		t.Errorf("a case's own meaning %q, the general one %q", a, b)
	}
	lazy, _ := Find(FreeSmall)
	forked, _ := Find(FreeSmallForked)
	if a, b := lazy.MeaningOf(Lazy), forked.MeaningOf(Lazy); a == b || !strings.Contains(b, "child") {
		t.Errorf("with a forked child %q, without %q", b, a)
	}
	for _, v := range []Verdict{Freed, NoEffect, Unsupported, NotMeasured} {
		if text := small.MeaningOf(v); text != "" {
			t.Errorf("%s: %q, want nothing to be said", v, text)
		}
	}
	for _, v := range []Verdict{LeftRES, Lazy, FreedWithError, Refused, CameBack, Split, Grew, Partly} {
		if small.MeaningOf(v) == "" {
			t.Errorf("%s: nothing is said", v)
		}
	}
}

func TestWants(t *testing.T) {
	for value, want := range map[string]bool{"always": true, "madvise": true, "never": false, "": false} {
		if got := wantHuge().Met(value); got != want {
			t.Errorf("huge pages with %q: %v", value, got)
		}
	}
	for value, want := range map[string]bool{"100": true, "50": true, "0": true, "101": false, "10000": false, "": false, "soon": false} {
		if got := wantScan().Met(value); got != want {
			t.Errorf("khugepaged every %q ms: %v", value, got)
		}
	}
	if got := wantScan().String(); got != "khugepaged/scan_sleep_millisecs: at most 100" {
		t.Error(got)
	}
	if wantNever().Met("madvise") || !wantNever().Met("never") {
		t.Error("never")
	}
}
