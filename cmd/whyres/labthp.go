package main

import (
	"errors"
	"fmt"

	"whyres/cmd/whyres/internal/settings"
)

// withHugePages does something while the host's mode of huge pages is another; ""
// is the one it has. It fails where the host is not as it was when the lab began:
// somebody else may have set that mode. Refused says why it could not be set: then
// nothing was done.
func (w *labWork) withHugePages(mode string, do func() error) (refused, err error) {
	differs, err := w.results.hostDiffers()
	if err != nil {
		return nil, err
	}
	if differs != "" {
		return nil, fmt.Errorf("%s, so that this run could not be compared: set it as it was, and go on with --resume and --retry", differs)
	}
	if mode == "" {
		return nil, do()
	}
	cmd, err := itself(guardianCommandName)
	if err != nil {
		return nil, err
	}
	keeper, err := settings.Open(cmd)
	if err != nil {
		return fmt.Errorf("THP cannot be set: %w", err), nil
	}
	defer func() {
		if _, closing := keeper.Close(); closing != nil {
			err = errors.Join(err, closing)
			w.giveUp(fmt.Errorf("the host's huge pages were not put back: %w", closing))
		}
	}()
	if _, err := keeper.Set("enabled", mode); err != nil {
		return fmt.Errorf("THP cannot be set to %s: %w", mode, err), nil
	}
	return nil, do()
}
