package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestPrintJSON(t *testing.T) {
	const name = "a\u009b31m\x7fé€\u00a0\x1b"
	var out bytes.Buffer
	if err := printJSON(&out, map[string]string{"comm": name}); err != nil {
		t.Fatal(err)
	}
	for _, r := range out.String() {
		if r != '\n' && r < ' ' || r >= 0x7f && r < 0xa0 {
			t.Errorf("control character %#x in %q", r, out.String())
		}
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["comm"] != name {
		t.Errorf("read back as %q: %v", back["comm"], err)
	}
}
