//go:build unix

package bind

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// maxPath is how many bytes a Unix socket's path has room for, with the NUL that ends it.
const maxPath = len(unix.RawSockaddrUnix{}.Path)

// bindPath binds to a path, or to an abstract name, which begins with NUL.
func bindPath(r Request) (Socket, error) {
	if strings.HasPrefix(r.Address, "\x00") {
		return bindAbstract(r.Address)
	}
	if r.Address == "" || strings.Contains(r.Address, "\x00") {
		return Socket{}, unix.EINVAL
	}
	file, err := newSocketFile(r.Address)
	if err != nil {
		return Socket{}, asLibuv(err)
	}
	fd, err := NewSocket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		file.close()
		return Socket{}, err
	}
	s := Socket{FD: fd, file: file}
	if err := file.bind(fd, r.ReadableAll, r.WritableAll); err != nil {
		s.Close()
		return Socket{}, asLibuv(err)
	}
	return s, nil
}

// asLibuv is the error as libuv reports it, for the sake of Windows.
func asLibuv(err error) error {
	if err == unix.ENOENT {
		return unix.EACCES
	}
	return err
}

// A socketFile is the file of a Unix socket, which is known by a descriptor of its folder and by its name there. Another user
// who exchanges the folder or the file for a symbolic link cannot lead this process to another file in that way.
type socketFile struct {
	folder int
	name   string
	path   string // the shorter of the path and the same path from the working directory
	made   unix.Stat_t
	isMade bool
}

// newSocketFile opens the folder of a path. The path may be longer than a socket's, if the path from the working directory is not.
func newSocketFile(path string) (*socketFile, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, unix.EINVAL
	}
	short := shortest(full)
	if len(short) >= maxPath {
		return nil, unix.EINVAL // what Node 24 and later say; earlier ones bind to the path's beginning
	}
	f := &socketFile{name: filepath.Base(full), path: short}
	if f.name == "/" {
		f.name = "."
	}
	if err := f.openFolder(filepath.Dir(full)); err != nil {
		return nil, err
	}
	return f, nil
}

// shortest returns the path, or the same path from the working directory if that is shorter. It never begins with '@', by which
// package unix knows an abstract name.
func shortest(path string) string {
	cwd, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(cwd, path)
	if err != nil {
		return path
	}
	if strings.HasPrefix(relative, "@") {
		relative = "./" + relative
	}
	if len(relative) < len(path) {
		return relative
	}
	return path
}

// bind binds a socket, which makes the file, and opens the file to all users on demand.
func (f *socketFile) bind(fd int, readableAll, writableAll bool) error {
	name, err := f.bindName()
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		return err
	}
	err = f.identify()
	if readableAll || writableAll {
		if err != nil {
			return err
		}
		return f.openTo(readableAll, writableAll)
	}
	return nil
}

// identify remembers which file stands in the folder under the socket's name. It has to be a socket that has this name alone, so that
// it is none of another program's to which somebody has made a link.
func (f *socketFile) identify() error {
	if err := unix.Fstatat(f.folder, f.name, &f.made, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if f.made.Mode&unix.S_IFMT != unix.S_IFSOCK || f.made.Nlink != 1 {
		return unix.EACCES
	}
	f.isMade = true
	return nil
}

// is reports whether a file is the socket's.
func (f *socketFile) is(s *unix.Stat_t) bool {
	return f.isMade && s.Ino == f.made.Ino && s.Dev == f.made.Dev && s.Mode&unix.S_IFMT == unix.S_IFSOCK
}

// openTo lets all users read or write the socket.
func (f *socketFile) openTo(readableAll, writableAll bool) error {
	mode := uint32(f.made.Mode) & 0o7777
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
	return f.chmod(wanted)
}

// remove takes the socket's file away, unless another stands there by now.
func (f *socketFile) remove() {
	var now unix.Stat_t
	if err := unix.Fstatat(f.folder, f.name, &now, unix.AT_SYMLINK_NOFOLLOW); err == nil && f.is(&now) {
		unix.Unlinkat(f.folder, f.name, 0)
	}
}

// close gives up the folder. No worker has had the descriptor, so that it closes at once.
func (f *socketFile) close() { unix.Close(f.folder) }

// OpenTo lets all users read or write the socket at a path.
func OpenTo(path string, readableAll, writableAll bool) error {
	if !readableAll && !writableAll {
		return nil
	}
	f, err := newSocketFile(path)
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.identify(); err != nil {
		return err
	}
	return f.openTo(readableAll, writableAll)
}
