package bind

import "os"

// OpenTo lets all users read or write a path of the given mode.
func OpenTo(path string, mode os.FileMode, readableAll, writableAll bool) error {
	wanted := mode
	if readableAll {
		wanted |= 0o444
	}
	if writableAll {
		wanted |= 0o222
	}
	if wanted == mode {
		return nil
	}
	return os.Chmod(path, wanted)
}
