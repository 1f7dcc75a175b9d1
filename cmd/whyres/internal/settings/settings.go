package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"syscall"
)

// HugePages is where the kernel's huge-page settings are.
const HugePages = "/sys/kernel/mm/transparent_hugepage"

// Keeper is the caller's end of a guardian.
type Keeper struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	answers *json.Decoder
}

// Open starts the command, which must call Guard on its standard streams.
func Open(cmd *exec.Cmd) (*Keeper, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start what puts settings back: %w", err)
	}
	k := &Keeper{cmd: cmd, in: in, orders: json.NewEncoder(in), answers: json.NewDecoder(out)}
	if _, err := k.answer(); err != nil {
		_, closing := k.Close()
		return nil, errors.Join(err, closing)
	}
	return k, nil
}

// Set writes the value to the file, named from the guardian's folder, until Close.
// The error wraps fs.ErrPermission or fs.ErrNotExist where that is the cause.
func (k *Keeper) Set(path, value string) (Change, error) {
	if err := k.orders.Encode(order{Path: path, Value: value}); err != nil {
		return Change{}, fmt.Errorf("what puts settings back has ended: %w", err)
	}
	return k.answer()
}

func (k *Keeper) answer() (Change, error) {
	var a answer
	if err := k.answers.Decode(&a); err != nil {
		return Change{}, fmt.Errorf("what puts settings back has ended: %w", err)
	}
	switch {
	case a.Kind == kindPermission:
		return a.Change, fmt.Errorf("%w: %s", fs.ErrPermission, a.Error)
	case a.Kind == kindMissing:
		return a.Change, fmt.Errorf("%w: %s", fs.ErrNotExist, a.Error)
	case a.Error != "":
		return a.Change, errors.New(a.Error)
	}
	return a.Change, nil
}

// Close has all changes put back, and says what became of each. The error is of
// those that were not.
func (k *Keeper) Close() ([]Change, error) {
	_ = k.in.Close() // a pipe: this is how the guardian is told
	var all []Change
	var failed []error
	for {
		var a answer
		if err := k.answers.Decode(&a); err != nil {
			break // the end
		}
		all = append(all, a.Change)
		if a.Error != "" {
			failed = append(failed, errors.New("not put back: "+a.Error))
		}
	}
	if err := k.cmd.Wait(); err != nil {
		failed = append(failed, fmt.Errorf("what puts settings back failed: %w", err))
	}
	return all, errors.Join(failed...)
}
