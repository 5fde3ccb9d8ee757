//go:build unix

package bind

import "golang.org/x/sys/unix"

// Peek copies what has come of a connection and leaves it there to be read. It returns 0 for one that the peer has ended, and
// ErrNothingToRead for one of which nothing has come. It never waits.
func Peek(fd int, buffer []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(fd, buffer, unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, ErrNothingToRead
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}

// Discard reads as many bytes of a connection as the buffer has, of bytes that Peek has returned.
func Discard(fd int, buffer []byte) {
	for len(buffer) > 0 {
		n, err := unix.Read(fd, buffer)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			return
		}
		buffer = buffer[n:]
	}
}
