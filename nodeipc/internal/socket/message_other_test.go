//go:build unix && (!linux || portable)

package socket

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// What systems say of a message that was not sent, with and without a handle. The last that a system says ends a write.
func TestErrorsOfSendmsg(t *testing.T) {
	defer func() { Sendmsg = unix.SendmsgN }()
	const noHandle, handle = -1, 0
	for _, test := range []struct {
		says   []error
		handle int
		want   error
	}{
		{[]error{unix.EINTR, nil}, handle, nil},
		{[]error{unix.EAGAIN}, noHandle, ErrWouldBlock},
		{[]error{unix.ENOBUFS}, noHandle, ErrTooManyHandles},
		{[]error{unix.ETOOMANYREFS}, handle, ErrTooManyHandles},
		{[]error{unix.EMSGSIZE}, handle, ErrNoRoom},
		{[]error{unix.EMSGSIZE}, noHandle, unix.EMSGSIZE},
		{[]error{unix.EPIPE}, noHandle, ErrDisconnected},
		{[]error{unix.EPROTOTYPE}, noHandle, ErrDisconnected},
		{[]error{unix.EPROTOTYPE}, handle, ErrDisconnected},
		{[]error{unix.EBADF}, noHandle, unix.EBADF},
	} {
		says := test.says
		Sendmsg = func(_ int, b, _ []byte, _ unix.Sockaddr, _ int) (int, error) {
			err := says[0]
			says = says[1:]
			return len(b), err
		}
		if _, err := Transmit(-1, []byte("x"), test.handle); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%v with handle %d: %v, want %v", test.says, test.handle, err, test.want)
		}
		if len(says) > 0 {
			t.Errorf("%v with handle %d: %d calls are missing", test.says, test.handle, len(says))
		}
	}
}

// EMSGSIZE is said once of descriptors that were thrown away, and the bytes come then.
func TestErrorsOfRecvmsg(t *testing.T) {
	defer func() { Recvmsg = unix.Recvmsg }()
	for _, test := range []struct {
		says  []error
		n     int
		again bool
		want  error
	}{
		{[]error{unix.EINTR, unix.EMSGSIZE, unix.EINTR, nil}, 5, false, nil},
		{[]error{unix.EMSGSIZE, unix.EAGAIN}, 0, true, nil},
		{[]error{unix.EMSGSIZE, unix.EMSGSIZE}, 0, false, unix.EMSGSIZE},
		{[]error{unix.ECONNRESET}, 0, false, nil},
	} {
		says := test.says
		Recvmsg = func(int, []byte, []byte, int) (n, control, flags int, from unix.Sockaddr, err error) {
			if err = says[0]; err == nil {
				n = 5
			}
			says = says[1:]
			return n, 0, 0, nil, err
		}
		b := GetBuffer()
		n, again, err := b.Receive(-1, nil)
		if PutBuffer(b); n != test.n || again != test.again || !errors.Is(err, test.want) || (err == nil) != (test.want == nil) || len(says) > 0 {
			t.Errorf("%v: %d bytes, again %t, %v; %d calls are missing", test.says, n, again, err, len(says))
		}
	}
}

// A process that is started in between would have the descriptors that have come and are not close-on-exec yet.
func TestNoForkBeforeCloseOnExec(t *testing.T) {
	if receivesCloseOnExec {
		return // they are close-on-exec from the first
	}
	defer func() { Recvmsg = unix.Recvmsg }()
	forks := true
	Recvmsg = func(int, []byte, []byte, int) (n, control, flags int, from unix.Sockaddr, err error) {
		if forks = syscall.ForkLock.TryLock(); forks {
			syscall.ForkLock.Unlock()
		}
		return 0, 0, 0, nil, unix.EAGAIN
	}
	b := GetBuffer()
	defer PutBuffer(b)
	b.Receive(-1, nil)
	if forks {
		t.Error("a process can be forked between recvmsg and close-on-exec")
	}
}
