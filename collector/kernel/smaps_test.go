package kernel

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"whyres/collector/mem"
)

func TestSmaps(t *testing.T) {
	m, err := openFixture(t, 4242).Smaps()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.VMAs) != 12 || m.Cut != 0 {
		t.Fatalf("%d mappings, %d cut; want the file's 12", len(m.VMAs), m.Cut)
	}
	wantHeap := mem.VMA{
		Range: mem.Range{Start: 0xc000000000, End: 0xc000800000}, Perms: "rw-p", Path: "[anon: Go: heap]",
		Rss: 5000 << 10, Anonymous: 5000 << 10, LazyFree: 400 << 10, AnonHugePages: 2048 << 10, Swap: 12 << 10,
	}
	if !reflect.DeepEqual(m.VMAs[4], wantHeap) {
		t.Errorf("heap =\n%+v, want\n%+v", m.VMAs[4], wantHeap)
	}
	wantData := mem.VMA{
		Range: mem.Range{Start: 0x800000, End: 0x820000}, Perms: "rw-p", Offset: 0x400000, Inode: 2471,
		Path: "/opt/bin/server", Rss: 128 << 10, Anonymous: 64 << 10,
	}
	if !reflect.DeepEqual(m.VMAs[2], wantData) {
		t.Errorf("data =\n%+v, want\n%+v", m.VMAs[2], wantData)
	}
	if got, want := m.VMAs[9].Path, `/var/lib/a b\012c (deleted)`; got != want {
		t.Errorf("path %q, want %q as the kernel wrote it", got, want)
	}
	if m.VMAs[8].Locked != 64<<10 || m.VMAs[11].End != 0xffffffffff601000 {
		t.Errorf("mappings 8 and 11: %+v, %+v", m.VMAs[8], m.VMAs[11])
	}
	if m.Shmem != 24<<10 {
		t.Errorf("Shmem = %d, want 24 KiB of memfd and /dev/zero", m.Shmem)
	}
}

// The kernel's own summary is the oracle.
func TestSmapsSumIsTheRollup(t *testing.T) {
	p := openFixture(t, 4242)
	m, err := p.Smaps()
	if err != nil {
		t.Fatal(err)
	}
	roll, err := p.Rollup()
	if err != nil {
		t.Fatal(err)
	}
	if m.Sum != roll {
		t.Errorf("sum\n%+v, rollup\n%+v", m.Sum, roll)
	}
}

// A stopped process changes nothing between the two readings.
func TestSmapsSumIsTheRollupOfAStoppedProcess(t *testing.T) {
	pid := stopped(t)
	p, err := Default().Open(pid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := p.Light()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Full(&s); err != nil {
		t.Fatal(err)
	}
	roll, err := p.Rollup()
	if errors.Is(err, ErrNoPermission) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	// Each mapping's is rounded, and it moves with every other process that
	// maps the same files.
	if d := int64(roll.Pss) - int64(s.Smaps.Pss); max(d, -d) > int64(len(s.VMAs))<<10 {
		t.Errorf("Pss of the rollup is %d off the sum of %d mappings", d, len(s.VMAs))
	}
	got := *s.Smaps
	got.Pss = roll.Pss
	if got != roll || s.RSS.Total() != int64(roll.Rss) || s.RSS.Anon != int64(roll.Anonymous) {
		t.Errorf("sum %+v, RES %d; rollup %+v", got, s.RSS.Total(), roll)
	}
}

// stopped starts a process that stops itself once it runs.
func stopped(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("sh", "-c", "kill -STOP $$")
	if err := cmd.Start(); err != nil {
		t.Skip("no shell: ", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var ws syscall.WaitStatus
	for !ws.Stopped() {
		if _, err := syscall.Wait4(cmd.Process.Pid, &ws, syscall.WUNTRACED, nil); err != nil {
			t.Fatal(err)
		}
	}
	return cmd.Process.Pid
}

func TestFull(t *testing.T) {
	p := openFixture(t, 4242)
	s, err := p.Light()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Full(&s); err != nil {
		t.Fatal(err)
	}
	want := mem.RSS{Anon: 6072 << 10, File: (9236 - 6072 - 24) << 10, Shmem: 24 << 10, Swap: 12 << 10}
	if s.RSS != want || s.RSSSource != "smaps_rollup" || !s.Full() {
		t.Errorf("RSS %+v from %q, want %+v", s.RSS, s.RSSSource, want)
	}
}

func TestExactRSSByKind(t *testing.T) {
	for _, c := range []struct {
		name                     string
		rss, anon, named, status uint64
		wantFile, wantShmem      int64
	}{
		{"status and names agree", 100, 60, 10, 10, 30, 10},
		{"a file on a tmpfs: status knows more", 100, 60, 10, 25, 15, 25},
		{"status lags behind the names", 100, 60, 10, 0, 30, 10},
		{"status read before some of it went", 100, 60, 0, 90, 0, 40},
		{"nothing but anonymous", 60, 60, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &Mappings{Shmem: c.named, Sum: mem.Smaps{Rss: c.rss, Anonymous: c.anon}}
			got := exactRSS(m, int64(c.status))
			want := mem.RSS{Anon: int64(c.anon), File: c.wantFile, Shmem: c.wantShmem}
			if got != want || got.Total() != int64(c.rss) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestSmapsKeepsSoMany(t *testing.T) {
	text, err := os.ReadFile("testdata/proc/4242/smaps")
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseSmaps(bytes.NewReader(text), 5)
	if err != nil {
		t.Fatal(err)
	}
	// Mappings 6 to 12 hold 16+8+900+4+12 KiB.
	if len(m.VMAs) != 5 || m.Cut != 7 || m.CutRSS != 940<<10 || m.Sum.Rss != 9236<<10 {
		t.Errorf("kept %d, cut %d of %d bytes, sum %d", len(m.VMAs), m.Cut, m.CutRSS, m.Sum.Rss)
	}
}

func TestSmapsLongLine(t *testing.T) {
	long := "/" + strings.Repeat("x", 3*lineBuffer)
	text := "1000-2000 r--p 00000000 fe:00 7                    " + long + "\nRss:  4 kB\n" +
		"2000-3000 r--p 00000000 fe:00 8                    /y\nRss:  8 kB\nVmFlags: " + strings.Repeat("rd ", lineBuffer) + "\nLocked: 4 kB"
	m, err := parseSmaps(strings.NewReader(text), 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.VMAs) != 2 || m.VMAs[0].Path != long[:maxPath] || m.VMAs[0].Rss != 4<<10 || m.VMAs[1].Rss != 8<<10 || m.VMAs[1].Locked != 4<<10 {
		t.Errorf("mappings: %d, path of %d bytes, %+v", len(m.VMAs), len(m.VMAs[0].Path), m.VMAs[1])
	}
}

func TestParseSmapsRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a size first":    "Rss: 4 kB\n",
		"no range":        "1000 r--p 0 0:0 0\n",
		"inverted":        "2000-1000 r--p 0 0:0 0\n",
		"words missing":   "1000-2000 r--p\n",
		"not hexadecimal": "1000-20zz r--p 0 0:0 0\n",
		"17 digits":       "1000-10000000000000000 r--p 0 0:0 0\n",
		"a size in MB":    "1000-2000 r--p 0 0:0 0\nRss: 4 MB\n",
		"no colon":        "1000-2000 r--p 0 0:0 0\nRss\n",
	} {
		if m, err := parseSmaps(strings.NewReader(text), 10); err == nil {
			t.Errorf("%s: %+v, want an error", name, m)
		}
	}
}

func TestRollupRefuses(t *testing.T) {
	if _, err := openFixture(t, 4244).Rollup(); !errors.Is(err, ErrGone) {
		t.Errorf("empty rollup: %v, want ErrGone", err)
	}
	two := "1000-2000 ---p 0 0:0 0\nRss: 4 kB\n2000-3000 ---p 0 0:0 0\nRss: 4 kB\n"
	if s, err := parseRollup(strings.NewReader(two)); err == nil {
		t.Errorf("two mappings: %+v, want an error", s)
	}
}

func TestSmapsOfAnAddressSpaceThatWentAway(t *testing.T) {
	if _, err := openFixture(t, 4244).Smaps(); !errors.Is(err, ErrGone) {
		t.Errorf("empty smaps: %v, want ErrGone", err)
	}
}

// The mapping of a file that was touched shows under its own path.
func TestSmapsOfAMappedFile(t *testing.T) {
	const size, touched = 1 << 20, 64 << 10
	path := filepath.Join(t.TempDir(), "a\nb")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(data)
	for i := 0; i < touched; i += 4096 {
		data[i] = 1 // a private copy: anonymous
	}
	m, err := openSelf(t, Options{}).Smaps()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(m.VMAs, func(v mem.VMA) bool { return strings.HasSuffix(v.Path, `a\012b`) })
	if i < 0 {
		t.Fatal("no mapping of the file, with its new line escaped")
	}
	if v := m.VMAs[i]; v.Anonymous != touched || v.Rss < touched || v.Len() != size {
		t.Errorf("mapping %+v: want %d bytes of private copies", v, touched)
	}
}

func FuzzParseSmaps(f *testing.F) {
	seed, err := os.ReadFile("testdata/proc/4242/smaps")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("1000-2000 r--p 00000000 fe:00 7 /a\nRss: 4 kB\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseSmaps(bytes.NewReader(text), 3)
		if err != nil {
			return
		}
		var kept uint64
		for _, v := range m.VMAs {
			kept += v.Rss
			if v.Empty() || len(v.Path) > maxPath {
				t.Errorf("mapping %+v", v)
			}
		}
		if len(m.VMAs) > 3 || kept+m.CutRSS != m.Sum.Rss {
			t.Errorf("%d kept, %d+%d of %d", len(m.VMAs), kept, m.CutRSS, m.Sum.Rss)
		}
	})
}
