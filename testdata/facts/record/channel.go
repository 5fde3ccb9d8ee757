//go:build linux

package main

import (
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// channel is the recorder's end of a runtime's IPC channel.
type channel struct {
	fd    int
	codec codec
	bytes []byte
	fds   []int
}

// frame is one message as it came: its bytes, its decoded form and the fd beside it (-1 if none).
type frame struct {
	raw     []byte
	message any
	fd      int
}

// next returns the next message, io.EOF at the channel's end, or an error when none came before the deadline.
func (c *channel) next(deadline time.Time) (frame, error) {
	for {
		raw, err := c.codec.split(c.bytes)
		if err != nil {
			return frame{}, err
		}
		if raw != nil {
			c.bytes = c.bytes[len(raw):]
			return c.frame(raw), nil
		}
		if err := c.fill(deadline); err != nil {
			return frame{}, err
		}
	}
}

// frame pairs a message with its fd; one that the recorder cannot decode is recorded all the same.
func (c *channel) frame(raw []byte) frame {
	message, _ := c.codec.decode(raw)
	f := frame{raw: raw, message: message, fd: -1}
	if text(message, "cmd") == "NODE_HANDLE" && len(c.fds) > 0 {
		f.fd, c.fds = c.fds[0], c.fds[1:]
	}
	return f
}

func (c *channel) fill(deadline time.Time) error {
	wait := time.Until(deadline)
	if wait <= 0 {
		return fmt.Errorf("nothing more came in time")
	}
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, int(wait.Milliseconds())+1)
	if err == unix.EINTR || n == 0 && err == nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	buf, oob := make([]byte, 64<<10), make([]byte, 256)
	n, oobn, _, _, err := unix.Recvmsg(c.fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
	if err == unix.ECONNRESET || err == nil && n == 0 {
		return io.EOF
	}
	if err != nil {
		return fmt.Errorf("recvmsg: %w", err)
	}
	c.bytes = append(c.bytes, buf[:n]...)
	return c.takeFDs(oob[:oobn])
}

func (c *channel) takeFDs(oob []byte) error {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return fmt.Errorf("control message: %w", err)
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return fmt.Errorf("rights: %w", err)
		}
		c.fds = append(c.fds, fds...)
	}
	return nil
}

// send writes one message as one sendmsg, with fd beside it unless fd is -1; fd stays the caller's.
func (c *channel) send(raw []byte, fd int) error {
	var oob []byte
	if fd >= 0 {
		oob = unix.UnixRights(fd)
	}
	n, err := unix.SendmsgN(c.fd, raw, oob, nil, unix.MSG_NOSIGNAL)
	if err != nil {
		return fmt.Errorf("sendmsg: %w", err)
	}
	if n != len(raw) {
		return fmt.Errorf("sendmsg: %d of %d bytes", n, len(raw))
	}
	return nil
}

func (c *channel) close() {
	for _, fd := range c.fds {
		unix.Close(fd)
	}
	unix.Close(c.fd)
}
