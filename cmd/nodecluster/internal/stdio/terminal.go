package stdio

import "os"

// IsTerminal reports whether a file is a terminal, or another device of characters.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
