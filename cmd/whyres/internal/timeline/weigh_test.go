package timeline

import "testing"

// What is touched after an advice that brings no pages in is not its doing.
func TestOnlyWhatBringsPagesInGrows(t *testing.T) {
	for advice, want := range map[string]bool{
		"MADV_HUGEPAGE": false, "MADV_NOHUGEPAGE": false, "MADV_COLD": false, "MADV_POPULATE_WRITE": true, "MADV_COLLAPSE": true,
	} {
		if got := (&burst{key: key{class: classAdvise, advice: advice}}).grows(); got != want {
			t.Errorf("%s: %v, want %v", advice, got, want)
		}
	}
}
