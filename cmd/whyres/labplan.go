package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"whyres/cmd/whyres/internal/lab"
	"whyres/collector/kernel"
)

// labTools are the programs that a lab runs.
type labTools struct {
	// target and load are command lines with places; load is nil where the own
	// one's pulse is not needed.
	target []string
	load   []string
	line   string // the load as sh runs it; "" for the own one
}

// toolsOf finds the programs. Nothing is started yet.
func toolsOf(target, load string, how *labHow, quick bool) (tools labTools, err error) {
	if how.OwnServer {
		path, err := beside("server")
		if err != nil {
			return tools, err
		}
		tools.target = []string{path, "-addr", "{addr}"}
	} else if tools.target, err = targetWords(target); err != nil {
		return tools, err
	}
	if !how.OwnLoad {
		tools.line = load
		return tools, nil
	}
	path, err := beside("pulse")
	if err != nil {
		return tools, err
	}
	tools.load = append([]string{path}, ownLoad(how.Big, quick)...)
	return tools, nil
}

// newLab is a lab by its options, before any run.
func (o *labOptions) newLab() (*labFile, error) {
	host, err := kernel.Default().Host()
	if err != nil {
		return nil, err
	}
	f := &labFile{
		Result: lab.Result{
			Schema: lab.Schema, Tool: version(), Time: time.Now().UTC().Truncate(time.Second), Host: host,
			Environment: lab.Inherited(os.Environ()), Target: o.target, Load: o.load, Quick: o.quick, Runs: o.runs, Servers: o.servers,
			Settle: int64(o.settle), Goal: lab.Goal(o.goal),
		},
		How: labHow{
			OwnServer: o.target == "", OwnLoad: o.load == "", GC: o.gc, Free: o.free,
			LoadLimit: int64(o.loadLimit), AtOnce: o.atOnce,
		},
	}
	f.describe()
	tools, err := f.toolsHere(o)
	if err != nil {
		return nil, err
	}
	settings, err := o.settings(f, tools)
	if err != nil {
		return nil, err
	}
	f.Rows = lab.Rows(settings)
	f.Judge()
	return f, nil
}

// describe says what runs, and what about this host makes it differ from elsewhere.
func (f *labFile) describe() {
	target := "the server"
	if f.How.OwnServer {
		f.Target = "server -addr {addr}"
	} else {
		target = f.Target
	}
	f.Scenario = fmt.Sprintf("%s under %s", target, f.Load)
	if f.How.OwnLoad {
		f.How.Big = connectionsHere()
		f.Load = "pulse " + strings.Join(ownLoad(f.How.Big, f.Quick), " ")
		f.Scenario = target + " under " + ownScenario(f.How.Big, f.Quick)
		if f.How.Big < wantedConnections {
			f.Notes = append(f.Notes, fmt.Sprintf("the limit of open files (ulimit -Hn) lets a pulse have %d connections, not %d", f.How.Big, wantedConnections))
		}
	}
	if f.How.AtOnce > 1 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d runs at a time disturbed each other: latency and CPU are less sure than they look", f.How.AtOnce))
	}
}

// toolsHere finds the programs, and keeps which they are.
func (f *labFile) toolsHere(o *labOptions) (labTools, error) {
	tools, err := toolsOf(o.target, o.load, &f.How, o.quick)
	if err != nil {
		return tools, err
	}
	return tools, f.remember(tools)
}

func (o *labOptions) settings(f *labFile, tools labTools) ([]lab.Setting, error) {
	limits, err := o.limitSizes()
	if err != nil {
		return nil, err
	}
	all, err := lab.Settings(lab.Options{
		Quick: o.quick, Limits: limits, Only: o.wanted(),
		CanGC: f.How.OwnServer || o.gc != "", CanFree: f.How.OwnServer || o.free != "",
		THP: o.thp, HostTHP: f.Host.THP, Go: o.toolchains, GoVersion: goVersionOf(tools.target[0]), Settle: int64(o.settle),
	})
	if err != nil {
		return nil, usage("%v", err)
	}
	for i := range all {
		if !goodLabID(all[i].ID) {
			return nil, usage("%q cannot be the name of a setting", all[i].ID)
		}
	}
	return all, nil
}

// wanted are the settings of --settings, and with them what --go and --thp ask for;
// none is all.
func (o *labOptions) wanted() []string {
	if len(o.only) == 0 {
		return nil
	}
	out := slices.Clone(o.only)
	for _, mode := range o.thp {
		out = append(out, "thp-"+mode)
	}
	for _, v := range o.toolchains {
		out = append(out, "go"+strings.TrimPrefix(v, "go"))
	}
	return out
}

// tools are those of a lab that was planned, here or elsewhere.
func (f *labFile) tools() (labTools, error) { return toolsOf(f.Target, f.Load, &f.How, f.Quick) }
