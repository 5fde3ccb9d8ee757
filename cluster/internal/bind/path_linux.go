package bind

import (
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// bindAbstract binds to an abstract name. Package unix has no room for one that fills the whole path.
func bindAbstract(name string) (Socket, error) {
	fd, err := NewSocket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return Socket{}, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: "@" + name[1:]}); err != nil {
		CloseFD(fd)
		return Socket{}, err
	}
	return Socket{FD: fd}, nil
}

// openFolder opens the folder of a socket's file. That takes no right to read it.
func (f *socketFile) openFolder(path string) (err error) {
	f.folder, err = unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return err
}

// hasProc reports whether descriptors can be reached by a path.
var hasProc = sync.OnceValue(func() bool {
	_, err := os.Stat(procFDs)
	return err == nil
})

const procFDs = "/proc/self/fd/"

func procFD(fd int) string { return procFDs + strconv.Itoa(fd) }

// bindName returns what the socket is to be bound to. For root that is a path by way of the folder's descriptor: the file comes to be in
// this folder, whatever another user makes of the path meanwhile. For others it is the path itself: their workers have the same rights.
func (f *socketFile) bindName() (string, error) {
	if os.Geteuid() != 0 || !hasProc() {
		return f.path, nil
	}
	name := procFD(f.folder) + "/" + f.name
	if len(name) >= maxPath {
		return "", unix.EINVAL
	}
	return name, nil
}

// chmod changes the mode of the socket's file, and of no other.
func (f *socketFile) chmod(mode uint32) error {
	if !hasProc() {
		return unix.Fchmodat(f.folder, f.name, mode, unix.AT_SYMLINK_NOFOLLOW)
	}
	fd, err := unix.Openat(f.folder, f.name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var opened unix.Stat_t
	if err := unix.Fstat(fd, &opened); err != nil {
		return err
	}
	if !f.is(&opened) {
		return unix.EACCES
	}
	return unix.Fchmodat(unix.AT_FDCWD, procFD(fd), mode, 0)
}
