//go:build !unix

package handlewrap

import (
	"errors"
	"fmt"
	"runtime"
)

func unsupported() error {
	return fmt.Errorf("handles cannot be passed on %s, which has no SCM_RIGHTS: %w", runtime.GOOS, errors.ErrUnsupported)
}

func closeOnExec(int) {}

func closeFD(int) error { return unsupported() }

func closeGuarded(int) (long bool) { return false }

func lingers(int) bool { return false }

func closesAtOnce(int) bool { return true }

func dup(int) (int, error) { return -1, unsupported() }

func setNonblock(int) error { return unsupported() }

func listen(int, int) error { return unsupported() }

func kindOf(int) (Kind, error) { return 0, unsupported() }

func dgramType(int) string { return "" }
