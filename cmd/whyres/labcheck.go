package main

import (
	goversion "go/version"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"whyres/cmd/whyres/internal/lab"
)

// Bounds of what can be asked for.
const (
	mostServers    = 2
	mostAtOnce     = 64
	leastSettle    = time.Second
	leastLoadLimit = time.Second
	mostTime       = 24 * time.Hour
)

// Defaults of times, without and with --quick.
const (
	settleTime, quickSettle       = 310 * time.Second, 10500 * time.Millisecond
	loadLimitTime, quickLoadLimit = 10 * time.Minute, 2 * time.Minute
)

func (o *labOptions) check(c *cobra.Command) error {
	if err := o.display.check(); err != nil {
		return err
	}
	if o.json && o.markdown {
		return usage("--json or --markdown, not both")
	}
	if !slices.Contains(lab.Goals(), lab.Goal(o.goal)) {
		return usage("--goal is %q: want res, time, latency or cpu", o.goal)
	}
	if o.resume != "" || o.show != "" {
		return o.checkFolder(c)
	}
	if o.retry {
		return usage("--retry goes with --resume DIR")
	}
	o.defaults()
	return firstError(o.checkNumbers(), o.checkToolchains(), o.checkTarget(), o.checkTHP(), o.checkLimits())
}

func (o *labOptions) defaults() {
	settle, limit := settleTime, loadLimitTime
	if o.quick {
		settle, limit = quickSettle, quickLoadLimit
	}
	if o.settle == 0 {
		o.settle = settle
	}
	if o.loadLimit == 0 {
		o.loadLimit = limit
	}
}

// checkFolder: a lab that was begun knows how its runs are made.
func (o *labOptions) checkFolder(c *cobra.Command) error {
	if o.resume != "" && o.show != "" {
		return usage("--resume or --show, not both")
	}
	if o.retry && o.resume == "" {
		return usage("--retry goes with --resume DIR")
	}
	o.goalAsked = c.Flags().Changed("goal")
	may := []string{"resume", "show", "json", "markdown", "color", "goal", "retry"}
	var wrong error
	c.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(may, f.Name) && wrong == nil {
			wrong = usage("--%s cannot be changed: the folder says how its runs are made", f.Name)
		}
	})
	return wrong
}

func (o *labOptions) checkNumbers() error {
	switch {
	case o.runs < 1 || o.runs > lab.MaxRuns:
		return usage("--runs %d: want 1 to %d", o.runs, lab.MaxRuns)
	case o.servers < 1 || o.servers > mostServers:
		return usage("--servers %d: want 1 or %d", o.servers, mostServers)
	case o.atOnce < 1 || o.atOnce > mostAtOnce:
		return usage("--at-once %d: want 1 to %d", o.atOnce, mostAtOnce)
	case o.atOnce > 1 && o.servers > 1:
		return usage("--at-once would have other runs' bursts among those of --servers %d: one of the two", o.servers)
	case o.settle < leastSettle || o.settle > mostTime:
		return usage("--settle %v: want %v to %v", o.settle, leastSettle, mostTime)
	case o.loadLimit < leastLoadLimit || o.loadLimit > mostTime:
		return usage("--load-limit %v: want %v to %v", o.loadLimit, leastLoadLimit, mostTime)
	}
	return nil
}

func (o *labOptions) checkTarget() error {
	switch {
	case o.target == "":
		return nil
	case o.load == "":
		return usage("--target wants its --load too")
	case len(o.toolchains) > 0:
		return usage("--go builds whyres's own server with that Go: not with --target")
	case o.quick && o.gc == "":
		return usage("--quick forces GCs: say with --gc 'CMD' how the target is told, or use --settle without --quick")
	}
	return nil
}

// oldestServer is the first Go whose standard library the server's sources need.
const oldestServer = "go1.16"

func (o *labOptions) checkToolchains() error {
	for _, name := range o.toolchains {
		v := "go" + strings.TrimPrefix(name, "go")
		if goversion.IsValid(v) && goversion.Compare(v, oldestServer) < 0 {
			return usage("--go %s: whyres's own server needs Go 1.16 or newer; a target built with an older one can be measured by --target", name)
		}
	}
	return nil
}

func thpModes() []string { return []string{"never", "madvise", "always"} }

func (o *labOptions) checkTHP() error {
	for _, mode := range o.thp {
		if !slices.Contains(thpModes(), mode) {
			return usage("--thp %q: want never, madvise or always", mode)
		}
	}
	switch {
	case len(o.thp) > 0 && !o.allowSettings:
		return usage("--thp changes a setting of the whole host for the time of a run: add --allow-settings")
	case len(o.thp) > 0 && o.atOnce > 1:
		return usage("--thp changes a setting of the whole host: not with --at-once")
	}
	return nil
}

func (o *labOptions) checkLimits() error {
	_, err := o.limitSizes()
	return err
}

// limitSizes are the two of --limits in bytes, 0 without it.
func (o *labOptions) limitSizes() (sizes [2]int64, err error) {
	if len(o.limits) == 0 {
		return sizes, nil
	}
	if len(o.limits) != len(sizes) {
		return sizes, usage("--limits wants two sizes, 24MiB,36MiB")
	}
	for i, text := range o.limits {
		if sizes[i], err = memoryLimit(text); err != nil {
			return sizes, err
		}
	}
	if sizes[0] >= sizes[1] {
		return sizes, usage("--limits %s,%s: want the smaller one first", o.limits[0], o.limits[1])
	}
	return sizes, nil
}

// memoryLimit reads a size as GOMEMLIMIT takes it.
func memoryLimit(text string) (int64, error) {
	number := strings.TrimSuffix(text, "B")
	shift := 0
	for i, unit := range []string{"Ki", "Mi", "Gi", "Ti"} {
		if n, found := strings.CutSuffix(number, unit); found && number != text {
			number, shift = n, 10*(i+1)
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > (1<<50)>>shift {
		return 0, usage("--limits: %q is no size: want for instance 24MiB", text)
	}
	return n << shift, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
