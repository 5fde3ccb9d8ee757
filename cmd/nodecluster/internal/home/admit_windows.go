package home

import (
	"errors"
	"fmt"
)

// Admit fails: on Windows no group is admitted.
func (a *App) Admit(group string) error {
	return fmt.Errorf("cannot admit the group %s to %s: %w", group, a.name, errors.ErrUnsupported)
}
