package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Manager is a service manager of systemd.
type Manager string

const (
	// SystemManager is the system's, which only root may change.
	SystemManager Manager = "system"
	// UserManager is that of the user.
	UserManager Manager = "user"
)

// ErrNoSystemd is that the system was not started by systemd.
var ErrNoSystemd = errors.New("systemd does not run this system")

// FindManager returns the service manager that has the applications of this user: root's are the system's. It fails with [ErrNoSystemd] where
// there is none.
func FindManager() (Manager, error) {
	if info, err := os.Lstat("/run/systemd/system"); err != nil || !info.IsDir() {
		return "", ErrNoSystemd
	}
	if os.Geteuid() == 0 {
		return SystemManager, nil
	}
	return UserManager, nil
}

// systemctl is the command that speaks with the manager.
func (m Manager) systemctl() []string {
	if m == UserManager {
		return []string{"systemctl", "--user"}
	}
	return []string{"systemctl"}
}

// UnitFile is where the template is kept.
func (m Manager) UnitFile() (string, error) {
	if m == SystemManager {
		return "/etc/systemd/system/" + UnitName, nil
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("where the units of the user are: %w", err)
	}
	return filepath.Join(config, "systemd", "user", UnitName), nil
}
