package main

import (
	"errors"
	"fmt"

	"whyres/cmd/whyres/internal/settings"
)

// withHugePages does something while the host's mode of huge pages is another; ""
// is the one it has. Refused says why it could not be set: then nothing was done.
func (w *labWork) withHugePages(mode string, do func() error) (refused, err error) {
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
		_, closing := keeper.Close()
		err = errors.Join(err, closing)
	}()
	if _, err := keeper.Set("enabled", mode); err != nil {
		return fmt.Errorf("THP cannot be set to %s: %w", mode, err), nil
	}
	return nil, do()
}
