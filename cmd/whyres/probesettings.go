package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"whyres/cmd/whyres/internal/settings"
	"whyres/collector/probe"
)

const hugePageSettings = settings.HugePages

// with does something while the settings are as the case wants them. Why says what
// is missing where they cannot be: then it was not done.
func (p *probing) with(c probe.Case, do func() error) (why string, err error) {
	unmet, why := unmetWants(c)
	switch {
	case why != "":
		return why, nil
	case len(unmet) == 0:
		return "", do()
	case !p.options.allowSettings:
		w := unmet[0]
		return fmt.Sprintf("%s: add --allow-settings, which writes %s there and puts it back", w.Why, w.Value), nil
	}
	cmd, err := itself(guardianCommandName)
	if err != nil {
		return "", err
	}
	keeper, err := settings.Open(cmd)
	if err != nil {
		return oneLine(err), nil
	}
	defer p.putBack(keeper)
	for _, w := range unmet {
		if _, err := keeper.Set(w.Path, w.Value); err != nil {
			return fmt.Sprintf("%s, and that cannot be changed: %v", w.Why, err), nil
		}
	}
	return "", do()
}

// putBack has the settings restored and notes them in the report, each once. What
// could not be put back makes the command fail at its end: what was measured is
// told all the same.
func (p *probing) putBack(keeper *settings.Keeper) {
	changes, err := keeper.Close()
	p.notPutBack = errors.Join(p.notPutBack, err)
	for _, c := range changes {
		s := probe.Setting{Path: filepath.Join(hugePageSettings, c.Path), From: c.From, To: c.To, Restored: c.Restored}
		if !slices.Contains(p.report.Settings, s) {
			p.report.Settings = append(p.report.Settings, s)
		}
	}
}

// unmetWants are the settings that are not as the case wants them. Why says what
// no setting mends.
func unmetWants(c probe.Case) (unmet []probe.Want, why string) {
	for _, w := range c.Wants {
		text, err := os.ReadFile(filepath.Join(hugePageSettings, w.Path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Sprintf("this kernel has no %s (pages of 64 KiB came with Linux 6.8; huge pages need CONFIG_TRANSPARENT_HUGEPAGE)",
				filepath.Join(hugePageSettings, w.Path))
		case err != nil:
			return nil, err.Error()
		case !w.Met(settings.Chosen(string(text))):
			unmet = append(unmet, w)
		}
	}
	return unmet, ""
}
