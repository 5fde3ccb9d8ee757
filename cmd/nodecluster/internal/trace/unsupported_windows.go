package trace

import (
	"errors"
	"fmt"
)

var errWindows = fmt.Errorf("not on windows, where Node's channel is a named pipe: %w", errors.ErrUnsupported)

// Status is how the program has ended.
type Status struct{}

// Success is not reached here.
func (Status) Success() bool { return false }

// Exit is not reached here.
func (Status) Exit() {}

// Run fails here.
func Run(Options) (Status, error) { return Status{}, errWindows }

// Exec fails here.
func Exec([]string) error { return errWindows }

// TellExit fails here.
func TellExit([]string) error { return errWindows }
