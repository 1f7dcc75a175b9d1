package lab

import (
	"fmt"
	"go/version"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The IDs of the settings. Those of Go versions are the version: "go1.16".
const (
	Default       = "default"
	gogc50        = "gogc-50"
	gogc25        = "gogc-25"
	limitSmall    = "limit-small"
	limitLarge    = "limit-large"
	limitLargeOff = "limit-large-gogc-off"
	madvFree      = "madvdontneed-0"
	disableTHP    = "disablethp-1"
	freeOnce      = "free-once"
	freeOften     = "free-30s"
	gcOnce        = "gc-once"
	thpPrefix     = "thp-"
)

// Orders come a little after the burst: by then the target has noticed that its
// clients have gone, as a program that does this by itself would.
const orderAfter = int64(time.Second)

// Options say which settings are tried.
type Options struct {
	// Quick: the GCs are forced in every run.
	Quick bool
	// Limits are the small and the large GOMEMLIMIT in bytes; where they are 0
	// they are set from the default's first run (LimitsFrom).
	Limits [2]int64
	// Only are the IDs wanted; none is all. The default is always tried: all
	// else is compared with it.
	Only []string
	// CanGC and CanFree: the target can be told to.
	CanGC, CanFree bool
	// THP are the modes of the host to be tried; HostTHP is the one it has.
	THP     []string
	HostTHP string
	// Settle is how long a run is watched after the burst, in ns; 0: not known.
	Settle int64
	// Go are versions that the target is built with, "1.21" or "go1.21.13".
	Go []string
	// GoVersion of the target as it is; "" where that is not known.
	GoVersion string
}

// Settings are the wanted ones in the catalogue's order. One that means nothing
// here says why in Skip. IDs that there are not are an error that names those that
// there are.
func Settings(o Options) ([]Setting, error) {
	all := base(&o)
	for _, mode := range o.THP {
		all = append(all, hugePages(mode, o.HostTHP))
	}
	for _, name := range o.Go {
		s, err := toolchain(name)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if err := known(all, o.Only); err != nil {
		return nil, err
	}
	var out []Setting
	for _, s := range all {
		twice := slices.ContainsFunc(out, func(x Setting) bool { return x.ID == s.ID })
		if !twice && (s.ID == Default || len(o.Only) == 0 || slices.Contains(o.Only, s.ID)) {
			s.skip(notIn(s.ID, o.GoVersion))
			out = append(out, s)
		}
	}
	return out, nil
}

// base is what is tried wherever the lab runs.
func base(o *Options) []Setting {
	// Half a period is how long after the burst the first comes on average where a
	// program does it by its own clock. It also falls between the small pulses of
	// the lab's own load, whose first begins a whole period (with Quick 2 s) later.
	every, often := 30*time.Second, "FreeOSMemory every 30 s"
	if o.Quick {
		every, often = 3*time.Second, "FreeOSMemory every 3 s"
	}
	out := []Setting{
		{ID: Default, Name: "default"},
		{ID: gogc50, Name: "GOGC=50", Env: []string{"GOGC=50"}},
		{ID: gogc25, Name: "GOGC=25", Env: []string{"GOGC=25"}},
		{ID: limitSmall, Name: "GOMEMLIMIT, half the peak"},
		{ID: limitLarge, Name: "GOMEMLIMIT, 3/4 of peak"},
		{ID: limitLargeOff, Name: "same limit, GOGC=off", Env: []string{"GOGC=off"}},
		{ID: madvFree, Name: "GODEBUG=madvdontneed=0", Env: []string{"GODEBUG=madvdontneed=0"}},
		{ID: disableTHP, Name: "GODEBUG=disablethp=1", Env: []string{"GODEBUG=disablethp=1"}},
		{ID: freeOnce, Name: "FreeOSMemory after burst", Orders: []Order{{What: OrderFree, After: orderAfter}}},
		{ID: freeOften, Name: often, Orders: []Order{{What: OrderFree, After: int64(every / 2), Every: int64(every)}}},
		{ID: gcOnce, Name: "GC by hand after burst", Orders: []Order{{What: OrderGC, After: orderAfter}}},
	}
	for i := range out {
		if s := &out[i]; s.needsLimit() && o.Limits != [2]int64{} {
			s.setLimit(o.Limits[0], o.Limits[1])
		}
		out[i].skip(impossible(&out[i], o))
	}
	return out
}

// impossible says why what is to be done to the target cannot be, or has no
// meaning; "" where it can.
func impossible(s *Setting, o *Options) string {
	switch {
	case s.ID == gcOnce && o.Quick:
		return "the GCs are forced in every run with --quick"
	case s.ID == gcOnce && !o.CanGC:
		return "the target cannot be told to run a GC: see --gc"
	case (s.ID == freeOnce || s.ID == freeOften) && !o.CanFree:
		return "the target cannot be told to call debug.FreeOSMemory: see --free"
	case !s.seen(o.Settle):
		return fmt.Sprintf("a run is watched for %v after the burst (--settle): the first order, %v after it, would not be seen",
			time.Duration(o.Settle), time.Duration(s.Orders[0].After))
	case s.ID == disableTHP && o.HostTHP == "never":
		return "this host makes no huge pages: THP is never"
	}
	return ""
}

func hugePages(mode, host string) Setting {
	s := Setting{ID: thpPrefix + mode, Name: "THP " + mode, THP: mode}
	if mode == host {
		s.skip("it is the default here: the host's mode is " + mode)
	}
	return s
}

// toolchain is the default under another Go.
func toolchain(name string) (Setting, error) {
	v := "go" + strings.TrimPrefix(name, "go")
	if !version.IsValid(v) || version.Compare(v, "go1") < 0 {
		return Setting{}, fmt.Errorf("no Go version: %s (want one as 1.21 or 1.21.13)", strconv.Quote(name))
	}
	return Setting{ID: v, Name: "Go " + strings.TrimPrefix(v, "go"), Go: v}, nil
}

// known tells whether all that are wanted are there.
func known(all []Setting, wanted []string) error {
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	for _, id := range wanted {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("no setting %s; there are: %s", strconv.Quote(id), strings.Join(ids, ", "))
		}
	}
	return nil
}

// skip keeps the first reason.
func (s *Setting) skip(why string) {
	if s.Skip == "" {
		s.Skip = why
	}
}
