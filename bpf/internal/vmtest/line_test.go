package main

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// names as Debian's suites had them in November 2026.
var names = strings.Fields(`
	linux-image-cloud-amd64 linux-image-6.1-cloud-amd64 linux-image-6.1-amd64 linux-headers-6.1.0-50-cloud-amd64
	linux-image-5.10.0-46-cloud-amd64 linux-image-5.10.0-46-cloud-amd64-dbg linux-image-5.10.0-46-cloud-amd64-unsigned
	linux-image-6.1.0-50-cloud-amd64 linux-image-6.1.0-0.deb11.52-cloud-amd64
	linux-image-6.12.107+deb13-cloud-amd64 linux-image-6.12.117+deb13-cloud-amd64 linux-image-6.12.117+deb13-amd64
	linux-image-7.1.13+deb13-cloud-amd64 linux-binary-7.1.13+deb13-cloud-amd64 linux-binary-7.1.3+deb13-cloud-amd64
	linux-binary-7.1.13+deb13-rt-amd64 linux-binary-7.2.13+deb14-cloud-amd64`)

func TestKernelPackages(t *testing.T) {
	for _, tc := range []struct {
		line string
		want []string
	}{
		{"5.10", []string{"linux-image-5.10.0-46-cloud-amd64"}},
		{"6.1", []string{"linux-image-6.1.0-50-cloud-amd64", "linux-image-6.1.0-0.deb11.52-cloud-amd64"}},
		{"6.12", []string{"linux-image-6.12.107+deb13-cloud-amd64", "linux-image-6.12.117+deb13-cloud-amd64"}},
		{"7.1", []string{"linux-binary-7.1.13+deb13-cloud-amd64", "linux-binary-7.1.3+deb13-cloud-amd64"}},
		{"7.1.3", []string{"linux-binary-7.1.3+deb13-cloud-amd64"}},
		{"7.2", []string{"linux-binary-7.2.13+deb14-cloud-amd64"}},
	} {
		if got, err := kernelPackages(names, tc.line); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, %v; want %q", tc.line, got, err, tc.want)
		}
	}
	_, err := kernelPackages(names, "5.1")
	if !errors.Is(err, errNoKernel) || !strings.HasSuffix(err.Error(), "they have 5.10 6.1 6.12 7.1 7.2") {
		t.Errorf("5.1: %v", err)
	}
}

func TestNewest(t *testing.T) {
	const madison = ` linux-image-6.1.0-50-cloud-amd64 |  6.1.176-1 | http://deb.debian.org/debian bookworm/main amd64 Packages
linux-image-6.1.0-56-cloud-amd64 |  6.1.192-2 | http://deb.debian.org/debian-security bookworm-security/main amd64 Packages
linux-image-6.1.0-0.deb11.52-cloud-amd64 | 6.1.176-1~deb11u1 | http://deb.debian.org/debian-security bullseye-security/main amd64 Packages
a line of another kind
`
	all := parseMadison(madison)
	if len(all) != 3 {
		t.Fatalf("%d packages, want 3: %v", len(all), all)
	}
	if got, ok := newest(all); !ok || got != (debPackage{"linux-image-6.1.0-56-cloud-amd64", "6.1.192-2"}) {
		t.Errorf("newest: %v, %v", got, ok)
	}
	if got, ok := newest(nil); ok {
		t.Errorf("newest of nothing: %v", got)
	}
}

// dpkg is the oracle, for versions that differ before any "~".
func TestCompareVersions(t *testing.T) {
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Skip("needs dpkg: apt-get install dpkg")
	}
	sorted := []string{
		"5.10.46-1", "5.10.262-1", "6.1.99-1~deb11u1", "6.1.176-1", "6.1.192-2", "6.12.107-1", "6.12.117-1",
		"6.19.6-2~bpo13+1", "6.19.14-1~bpo13+1", "7.0.4-1~bpo13+1", "7.2.13-1", "7.3.4-1~bpo13+1",
	}
	for i, a := range sorted {
		for j, b := range sorted {
			got := compareVersions(a, b)
			relation := map[int]string{-1: "lt", 0: "eq", 1: "gt"}[got]
			if err := exec.Command("dpkg", "--compare-versions", a, relation, b).Run(); err != nil {
				t.Errorf("%s (%d) and %s (%d): %s, says dpkg otherwise", a, i, b, j, relation)
			}
		}
	}
}

func FuzzKernelPackages(f *testing.F) {
	f.Add(strings.Join(names, " "), "6.1")
	f.Fuzz(func(t *testing.T, all, line string) {
		got, err := kernelPackages(strings.Fields(all), line)
		if (err == nil) != (len(got) > 0) {
			t.Errorf("%q, %v", got, err)
		}
		for _, name := range got {
			if !strings.Contains(name, line) || strings.ContainsAny(name, " |;$") {
				t.Errorf("%q for line %q", name, line)
			}
		}
		newest(parseMadison(all))
	})
}
