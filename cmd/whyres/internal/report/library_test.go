package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// The library is the one that is named: its file, and what is written beside it.
func TestLibraryIsTheOneNamed(t *testing.T) {
	l := library()
	code, err := assets.ReadFile("assets/" + l.File)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := assets.ReadFile("assets/echarts/README.md")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(code)
	if got := hex.EncodeToString(sum[:]); got != l.SHA256 || !bytes.Contains(readme, []byte(got)) {
		t.Errorf("the file's sum is %s, the code names %s, the README another or the same", got, l.SHA256)
	}
	if !bytes.Contains(readme, []byte(l.Name+" "+l.Version)) || !bytes.Contains(code, []byte(`version="`+l.Version+`"`)) {
		t.Errorf("%s %s is not the version in the file, or in the README", l.Name, l.Version)
	}
	for _, licence := range []string{"LICENSE", "NOTICE", "LICENSE-d3", "LICENSE-zrender"} {
		if text, err := assets.ReadFile("assets/echarts/" + licence); err != nil || len(text) == 0 {
			t.Errorf("%s: %v", licence, err)
		}
	}
	if bytes.Contains(code, []byte("</script")) {
		t.Error("the library would end its own element")
	}
}
