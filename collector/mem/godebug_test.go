package mem

import "testing"

func TestGodebug(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"": "", "madvdontneed": "", "madvdontneed=0": "0", "a=1,madvdontneed=1,b=2": "1",
		"madvdontneed=0,madvdontneed=1": "1", "xmadvdontneed=1": "", "madvdontneed=": "", ",,=,madvdontneed=0": "0",
	} {
		p := Process{Env: map[string]string{"GODEBUG": list}}
		if got := p.Godebug("madvdontneed"); got != want {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
	if got := (&Process{}).Godebug("madvdontneed"); got != "" {
		t.Errorf("no environment: %q", got)
	}
}
