package lab

import (
	"slices"
	"strings"
	"testing"
)

func all() Options {
	return Options{CanGC: true, CanFree: true, GoVersion: "go1.26.8", HostTHP: "madvise"}
}

func idsOf(settings []Setting) []string {
	var out []string
	for _, s := range settings {
		out = append(out, s.ID)
	}
	return out
}

// The IDs are in people's scripts and in the names of recordings.
func TestSettingsInOrder(t *testing.T) {
	o := all()
	o.THP, o.Go = []string{"never", "always"}, []string{"1.16", "go1.21.13"}
	got, err := Settings(o)
	want := strings.Fields(`default gogc-50 gogc-25 limit-small limit-large limit-large-gogc-off madvdontneed-0 disablethp-1
		free-once free-30s gc-once thp-never thp-always go1.16 go1.21.13`)
	if err != nil || !slices.Equal(idsOf(got), want) {
		t.Fatalf("%v, %v\nwant %v", idsOf(got), err, want)
	}
	for _, s := range got {
		if s.Skip != "" {
			t.Errorf("%s is skipped: %s", s.ID, s.Skip)
		}
		if Explain(s.ID) == "" || s.Name == "" || len([]rune(s.Name)) > 25 {
			t.Errorf("%s: named %q, explained %q", s.ID, s.Name, Explain(s.ID))
		}
	}
	if Explain("nothing") != "" {
		t.Error("what is not there is explained")
	}
}

func TestSettingsThatMeanNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		want   map[string]string // ID: a part of the reason
	}{
		"quick":           {func(o *Options) { o.Quick = true }, map[string]string{gcOnce: "forced in every run"}},
		"deaf":            {func(o *Options) { o.CanGC, o.CanFree = false, false }, map[string]string{gcOnce: "--gc", freeOnce: "--free", freeOften: "--free"}},
		"settles briefly": {func(o *Options) { o.Settle = 15e9 }, map[string]string{freeOften: "15s after it, would not be seen"}},
		"settles for 1 s": {func(o *Options) { o.Settle = 1e9 }, map[string]string{freeOften: "1s after", freeOnce: "1s after", gcOnce: "1s after"}},
		"settles enough":  {func(o *Options) { o.Settle = 16e9 }, nil},
		"same THP":        {func(o *Options) { o.THP = []string{"madvise", "never"} }, map[string]string{"thp-madvise": "default here"}},
		"no THP":          {func(o *Options) { o.HostTHP = "never" }, map[string]string{disableTHP: "never"}},
		"unknown Go":      {func(o *Options) { o.GoVersion = "" }, nil},
		"devel":           {func(o *Options) { o.GoVersion = "devel go1.28-abc" }, nil},
		"experiments":     {func(o *Options) { o.GoVersion = "go1.24.4 X:nodwarf5" }, nil},
		"1.22rc1":         {func(o *Options) { o.GoVersion = "go1.22rc1" }, nil},
		"1.21.6":          {func(o *Options) { o.GoVersion = "go1.21.6" }, nil},
		"1.21.5":          {func(o *Options) { o.GoVersion = "go1.21.5" }, map[string]string{disableTHP: "1.21.6"}},
		"1.18": {func(o *Options) { o.GoVersion = "go1.18.10" }, map[string]string{
			disableTHP: "Go 1.18.10 does not know", limitSmall: "1.19", limitLarge: "1.19", limitLargeOff: "1.19",
		}},
		"1.11": {func(o *Options) { o.GoVersion = "go1.11" }, map[string]string{
			disableTHP: "1.21.6", limitSmall: "1.19", limitLarge: "1.19", limitLargeOff: "1.19", madvFree: "1.12",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := all()
			c.change(&o)
			got, err := Settings(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range Rows(got) {
				want, skipped := c.want[row.ID]
				if (row.Status == StatusSkipped) != skipped || !strings.Contains(row.Problem, want) {
					t.Errorf("%s: %s %q, want %q", row.ID, row.Status, row.Problem, want)
				}
			}
		})
	}
}

func TestSettingsWanted(t *testing.T) {
	o := all()
	o.Only = []string{gcOnce, gogc25, gogc25}
	got, err := Settings(o)
	if want := []string{Default, gogc25, gcOnce}; err != nil || !slices.Equal(idsOf(got), want) {
		t.Errorf("%v, %v; want %v", idsOf(got), err, want)
	}
	o.Only = []string{"gogc-51\x1b"}
	if _, err := Settings(o); err == nil || !strings.Contains(err.Error(), `"gogc-51\x1b"`) || !strings.Contains(err.Error(), gogc50) {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "2x", "1.21.x", "go", "latest", "../1.21"} {
		if _, err := Settings(Options{Go: []string{bad}}); err == nil {
			t.Errorf("Go %q is taken", bad)
		}
	}
	o = Options{Go: []string{"1.21", "go1.21"}}
	if got, err := Settings(o); err != nil || strings.Count(strings.Join(idsOf(got), " "), "go1.21") != 1 {
		t.Errorf("twice the same: %v, %v", idsOf(got), err)
	}
}

// With forced GCs time runs ten times as fast for FreeOSMemory too, and it is said.
func TestQuickFreesOften(t *testing.T) {
	for quick, want := range map[bool]int64{true: 3e9, false: 30e9} {
		o := all()
		o.Quick, o.Only = quick, []string{freeOften}
		got, err := Settings(o)
		if err != nil || len(got) != 2 {
			t.Fatal(got, err)
		}
		s := got[1]
		if len(s.Orders) != 1 || s.Orders[0] != (Order{What: OrderFree, After: want / 2, Every: want}) ||
			!strings.Contains(s.Name, map[bool]string{true: "every 3 s", false: "every 30 s"}[quick]) {
			t.Errorf("quick %v: %+v", quick, s)
		}
	}
}
