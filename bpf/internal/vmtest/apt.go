package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// suites of Debian that between them have kernels from 5.10 on. Versions come
// and go; each suite has the newest of its lines.
var suites = []string{
	"http://deb.debian.org/debian-security bullseye-security",
	"http://deb.debian.org/debian bookworm",
	"http://deb.debian.org/debian-security bookworm-security",
	"http://deb.debian.org/debian trixie",
	"http://deb.debian.org/debian-security trixie-security",
	"http://deb.debian.org/debian trixie-backports",
	"http://deb.debian.org/debian sid",
}

// apt is an apt that shares nothing with the machine's own but the keyring and
// the way to the network: its sources, lists and cache are below dir.
type apt struct{ dir string }

// newApt writes the configuration.
func newApt(ctx context.Context, dir string) (*apt, error) {
	for _, tool := range []string{"apt-get", "apt-cache", "apt-config", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("kernels come from Debian by way of apt (install apt and dpkg, or put images where -h says): %w", err)
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return nil, fmt.Errorf("without Debian's keys no package can be verified (apt-get install debian-archive-keyring): %w", err)
	}
	a := &apt{dir: dir}
	for _, d := range []string{"lists/partial", "archives/partial", "download"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o750); err != nil {
			return nil, err
		}
	}
	network, err := networkSettings(ctx)
	if err != nil {
		return nil, err
	}
	return a, errors.Join(
		os.WriteFile(a.path("apt.conf"), []byte(a.config()+network), 0o600),
		os.WriteFile(a.path("sources.list"), []byte(sourcesList()), 0o600),
		os.WriteFile(a.path("status"), nil, 0o600))
}

func (a *apt) path(name string) string { return filepath.Join(a.dir, name) }

// config sends apt to our folders. With the machine's own configuration left
// unread, its hooks do not run either: some empty /var/cache/apt, which breaks
// an installation that is under way.
func (a *apt) config() string {
	var b strings.Builder
	for _, kv := range [][2]string{
		{"Dir::Etc::main", "/dev/null"},
		{"Dir::Etc::parts", "/dev/null"},
		{"Dir::Etc::sourcelist", a.path("sources.list")},
		{"Dir::Etc::sourceparts", "/dev/null"},
		{"Dir::Etc::preferences", "/dev/null"},
		{"Dir::Etc::preferencesparts", "/dev/null"},
		{"Dir::State", a.dir},
		{"Dir::State::lists", a.path("lists")},
		{"Dir::State::status", a.path("status")},
		{"Dir::Cache", a.dir},
		{"Dir::Cache::archives", a.path("archives")},
		{"APT::Architecture", "amd64"},
		{"APT::Architectures", "amd64"},
		{"APT::Sandbox::User", "root"}, // _apt may not be let into the cache folder
		{"Acquire::Languages", "none"},
		{"Acquire::GzipIndexes", "true"},
	} {
		fmt.Fprintf(&b, "%s \"%s\";\n", kv[0], kv[1])
	}
	return b.String()
}

func sourcesList() string {
	var b strings.Builder
	for _, s := range suites {
		fmt.Fprintf(&b, "deb [signed-by=%s] %s main\n", keyring, s)
	}
	return b.String()
}

// networkSettings are the machine's proxies and the like, as configuration.
func networkSettings(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-config", "dump", "Acquire").Output()
	if err != nil {
		return "", fmt.Errorf("apt-config dump: %w", err)
	}
	var b strings.Builder
	for row := range strings.Lines(string(out)) {
		for _, wanted := range []string{"Acquire::http", "Acquire::Check-", "Acquire::Force", "Acquire::Retries"} {
			if strings.HasPrefix(row, wanted) {
				b.WriteString(row)
				break
			}
		}
	}
	return b.String(), nil
}

// errNoLists: what Debian offers cannot be found out.
var errNoLists = errors.New("the lists of Debian's packages cannot be fetched: is there a network, and a proxy if one is needed? Kernels that are in the cache need none")

// update fetches the lists of packages, all of them: without one suite a line would
// seem to be gone.
func (a *apt) update(ctx context.Context) error {
	if _, err := a.run(ctx, "apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"); err != nil {
		return fmt.Errorf("%w (%w)", errNoLists, err)
	}
	return nil
}

// find is the newest of the packages that pick chooses among all names.
func (a *apt) find(ctx context.Context, pick func(names []string) ([]string, error)) (debPackage, error) {
	names, err := a.run(ctx, "apt-cache", "pkgnames")
	if err != nil {
		return debPackage{}, err
	}
	candidates, err := pick(strings.Fields(names))
	if err != nil {
		return debPackage{}, err
	}
	out, err := a.run(ctx, "apt-cache", append([]string{"madison"}, candidates...)...)
	if err != nil {
		return debPackage{}, err
	}
	p, ok := newest(parseMadison(out))
	if !ok {
		return debPackage{}, fmt.Errorf("%w: apt-cache knows the names %v but no version", errNoKernel, candidates)
	}
	return p, nil
}

// download fetches the package; the caller removes the file.
func (a *apt) download(ctx context.Context, p debPackage) (string, error) {
	if _, err := a.run(ctx, "apt-get", "download", "-q", p.name+"="+p.version); err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(a.path("download"), p.name+"_*.deb"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("apt-get download %s: want one file in %s, have %v (%w)", p.name, a.path("download"), found, err)
	}
	return found[0], nil
}

// run gives the output of an apt command; its errors carry what it complained of.
func (a *apt) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = a.path("download")
	cmd.Env = append(os.Environ(), "APT_CONFIG="+a.path("apt.conf"), "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, firstComplaint(stderr.String()))
	}
	return string(out), nil
}

// firstComplaint is the first error that apt tells: the others mostly follow from it.
func firstComplaint(stderr string) string {
	for line := range strings.Lines(stderr) {
		if text, found := strings.CutPrefix(line, "E: "); found {
			return strings.Join(strings.Fields(text), " ")
		}
	}
	return strings.Join(strings.Fields(stderr), " ")
}
