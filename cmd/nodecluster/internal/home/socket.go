package home

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

func (a *App) socket() string { return filepath.Join(a.sockets, "control.sock") }

// Socket is the path of the control socket, which may not be there.
func (a *App) Socket() string { return a.socket() }

// Listen listens on the control socket, for the user alone. This App has the lock; a socket that an earlier supervisor has left is
// replaced. Closing the listener takes the socket away.
func (a *App) Listen() (net.Listener, error) {
	if !a.locked() {
		return nil, fmt.Errorf("cannot listen for %s: its lock is not held", a.name)
	}
	if err := makeFolder(a.sockets); err != nil {
		return nil, remedy(err)
	}
	if err := checkOwner(a.sockets); err != nil {
		return nil, err
	}
	if err := os.Remove(a.socket()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, remedy(err)
	}
	address, folder, err := socketAddress(a.sockets)
	if err != nil {
		return nil, err
	}
	defer folder.close()
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return ownSocket(raw) }}
	inner, err := config.Listen(context.Background(), "unix", address)
	if err != nil {
		return nil, remedy(fmt.Errorf("cannot listen on %s: %w", a.socket(), cause(err)))
	}
	l, err := newListener(inner.(*net.UnixListener), a.socket())
	if err != nil {
		inner.Close()
		return nil, remedy(err)
	}
	return l, nil
}

// Dial connects to the supervisor. The error holds ErrNotRunning if nobody listens.
func (a *App) Dial(ctx context.Context) (net.Conn, error) {
	address, folder, err := socketAddress(a.sockets)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", a.name, ErrNotRunning)
	}
	if err != nil {
		return nil, err
	}
	defer folder.close()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", address)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%s: %w", a.name, ErrNotRunning)
	}
	if err != nil {
		return nil, remedy(fmt.Errorf("cannot connect to %s: %w", a.socket(), cause(err)))
	}
	return conn, nil
}

// cause is what went wrong without the address, which need not be the path.
func cause(err error) error {
	if failed := (*net.OpError)(nil); errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// A listener takes its file away, and no other that is at the path by then.
type listener struct {
	*net.UnixListener
	path  string
	file  fs.FileInfo
	close func() error
}

func newListener(inner *net.UnixListener, path string) (*listener, error) {
	inner.SetUnlinkOnClose(false)
	if err := os.Chmod(path, fileMode); err != nil { // where ownSocket cannot
		return nil, err
	}
	file, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	l := &listener{UnixListener: inner, path: path, file: file}
	l.close = sync.OnceValue(l.remove)
	return l, nil
}

func (l *listener) Close() error { return l.close() }

func (l *listener) remove() error {
	if there, err := os.Lstat(l.path); err == nil && os.SameFile(there, l.file) {
		os.Remove(l.path)
	}
	return l.UnixListener.Close()
}
