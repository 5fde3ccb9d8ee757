package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// outputDelay is how long the output of a command is waited for after its end, when something that it left running may still write.
const outputDelay = 100 * time.Millisecond

// Exec is a check that succeeds when a command ends with status 0. One that takes too long is killed, with what it has started.
type Exec struct {
	// Command is the program and its arguments. No shell runs it.
	Command []string
}

func (e Exec) validate() error {
	if len(e.Command) == 0 {
		return errors.New("no command to run")
	}
	return nil
}

// Check runs the command.
func (e Exec) Check(ctx context.Context, t Target) error {
	if err := e.validate(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, e.Command[0], e.Command[1:]...)
	cmd.Env = append(os.Environ(), t.Env...)
	cmd.WaitDelay = outputDelay
	var printed tail
	cmd.Stdout, cmd.Stderr = &printed, &printed
	killWithGroup(cmd)
	switch err := cmd.Run(); {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	case len(printed) > 0:
		return fmt.Errorf("%w: %q", err, bytes.TrimSpace(printed))
	default:
		return err
	}
}

// maxTail is how many bytes of a command's output an error has.
const maxTail = 200

// tail is the end of what was written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	all := append(*t, p[max(len(p)-maxTail, 0):]...)
	*t = append((*t)[:0], all[max(len(all)-maxTail, 0):]...)
	return len(p), nil
}
