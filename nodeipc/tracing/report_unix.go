//go:build unix

package tracing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ReportTime is how long a report may take.
const ReportTime = 30 * time.Second

// crowdedPause is how long to wait where more processes want to report than the system lets wait.
const crowdedPause = time.Millisecond

// TellExit has the tracer know how a child of this process has ended. Where there is no tracer, or it has ended, nothing happens:
// the line is in its pipe whole, or it is gone.
func (f Folder) TellExit(e Exit) {
	if f == "" {
		return
	}
	pipe, err := os.OpenFile(f.Path(Exits), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		f.Report(ExitReport{&e})
		return
	}
	if err != nil {
		return
	}
	defer pipe.Close()
	if line, err := json.Marshal(e); err == nil {
		pipe.Write(append(line, '\n'))
	}
}

// Report says something to the tracer, as a line of JSON with descriptors, and waits until that has taken it. The descriptors stay
// the caller's. The tracer speaks first: so it knows that what it hears then is of the process that it has looked up by then.
func (f Folder) Report(what any, fds ...int) error {
	line, err := json.Marshal(what)
	if err != nil {
		return err
	}
	c, err := f.dial(time.Now().Add(ReportTime))
	if err != nil {
		return fmt.Errorf("the tracer is gone: %w", err)
	}
	defer c.Close()
	if err := awaitByte(c); err != nil {
		return err
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if _, _, err := c.WriteMsgUnix(append(line, '\n'), rights, nil); err != nil {
		return err
	}
	return awaitByte(c)
}

// awaitByte waits for the next byte of what the tracer says.
func awaitByte(c *net.UnixConn) error {
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		return fmt.Errorf("the tracer does not take it: %w", err)
	}
	return nil
}

// dial connects to the tracer, by its abstract socket where the one in the folder is for others only.
func (f Folder) dial(deadline time.Time) (*net.UnixConn, error) {
	name := f.Path(Socket)
	for {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: name, Net: "unix"})
		switch {
		case err == nil:
			c.SetDeadline(deadline)
			if err := f.checkTracer(c); err != nil {
				c.Close()
				return nil, err
			}
			return c, nil
		case errors.Is(err, syscall.EAGAIN) && time.Now().Before(deadline):
			time.Sleep(crowdedPause)
		case errors.Is(err, fs.ErrPermission) && name != f.Abstract():
			name = f.Abstract()
		default:
			return nil, err
		}
	}
}
