package egg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writePidFile writes the master's process id where the options say it.
func (m *Master) writePidFile() error {
	if m.options.pidFile == "" {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(m.options.pidFile), 0o777)
	if err == nil {
		err = os.WriteFile(m.options.pidFile, []byte(fmt.Sprint(os.Getpid())), 0o666)
	}
	if err != nil {
		return fmt.Errorf("egg: pidFile: %w", err)
	}
	return nil
}

func (m *Master) removePidFile() {
	if m.options.pidFile == "" {
		return
	}
	if err := os.Remove(m.options.pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		m.log.add(levelError, "[master] delete pidFile "+m.options.pidFile+" fail with "+err.Error())
	}
}
