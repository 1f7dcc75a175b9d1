package product

import (
	"os"
	"strings"
	"testing"

	"whyres/collector/probe"
	"whyres/collector/probe/probetest"
)

// What probe finds on the running kernel against what this kernel was measured to do.
// In a machine it may change settings; elsewhere cases that need one are unknown.
func TestProbe(t *testing.T) {
	privileged(t)
	args := []string{"probe", "--json"}
	if inVM() {
		args = append(args, "--allow-settings")
	}
	probetest.HoldSettings(t)
	thp := thpSettings(t)
	text := whyres(t, args...)
	keep(t, "probe.json", text)
	if after := thpSettings(t); after != thp {
		t.Errorf("the settings of huge pages are %q, they were %q", after, thp)
	}
	report := decode[probe.Report](t, text)
	if report.Allocator != "mm_page_free" {
		t.Errorf("what the allocator got comes from %q: %v", report.Allocator, report.Missing)
	}
	answers, err := probetest.For(report.Host.Kernel)
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Cases {
		r := &report.Cases[i]
		t.Run(r.ID, func(t *testing.T) { compare(t, answers[r.ID], r) })
		delete(answers, r.ID)
	}
	for id := range answers {
		t.Errorf("%s was not tried", id)
	}
	t.Logf("%d cases compared on %s", len(report.Cases), report.Host.Kernel)
}

// compare tells each difference.
func compare(t *testing.T, a probetest.Answer, r *probe.Result) {
	t.Logf("%+v", r)
	if a.Setting && !inVM() && r.Verdict == probe.NotMeasured && strings.Contains(r.Unknown, "--allow-settings") {
		return
	}
	for _, off := range a.Check(r) {
		t.Error(off)
	}
}

// thpSettings are the settings that probe may change, as they are.
func thpSettings(t *testing.T) string {
	t.Helper()
	var all []string
	for _, name := range []string{"enabled", "khugepaged/scan_sleep_millisecs", "hugepages-64kB/enabled"} {
		text, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/" + name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(string(text)))
	}
	return strings.Join(all, "; ")
}
