//go:build unix

package stdio

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Err is standard error. What Node programs share with this one, they make refuse what it has no room for: that is a
// property of the pipe and not of whose descriptor it is.
var Err io.Writer = patientFile{os.Stderr}

// Out is standard output, of which the same is true.
var Out io.Writer = patientFile{os.Stdout}

// patientFile waits for room where os.File gives EAGAIN as an error.
type patientFile struct{ *os.File }

func (f patientFile) Write(b []byte) (written int, err error) {
	for {
		n, err := f.File.Write(b[written:])
		written += n
		if !errors.Is(err, unix.EAGAIN) {
			return written, err
		}
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLOUT}}, -1); err != nil && err != unix.EINTR {
			return written, err
		}
	}
}
