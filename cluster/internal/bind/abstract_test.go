//go:build unix

package bind

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// An abstract name is no path where there are none, and above all not that of a file.
func TestAbstractNames(t *testing.T) {
	t.Chdir(t.TempDir())
	request := Request{FD: -1, Port: -1, Address: "\x00" + t.Name()}
	if hasAbstractNames {
		s, err := Stream(request)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		defer func() { hasAbstractNames = true }()
		hasAbstractNames = false
	}
	if s, err := Stream(request); !errors.Is(err, unix.EINVAL) {
		s.Close()
		t.Errorf("an abstract name where there are none: %v", err)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("there is a file %v, %v", files, err)
	}
}
