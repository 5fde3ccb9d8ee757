package trace

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// peer is the process at the other end of a connection. Its folder in /proc is held open: read through that, a process is never
// taken for a later one of the same id. Where /proc does not tell, there is none, and the user of the trace is believed.
type peer struct {
	pid, parent int
	uid         uint32
	proc        procFolder
	believed    bool
}

// errStranger is of a process that no traced process has started.
var errStranger = errors.New("it is no descendant of the traced program")

// errEnded is of a process that was there to report and is not any more.
var errEnded = errors.New("its process ended before it could say what it is")

// peerOf finds out who has connected, and expects a descendant of this process. What is heard from then on is the peer's if
// isFrom says so.
func peerOf(c *net.UnixConn) (*peer, error) {
	credentials, err := credentialsOf(c)
	if err != nil {
		return nil, err
	}
	p := &peer{pid: int(credentials.Pid), uid: credentials.Uid}
	if p.pid == 0 { // it is of another PID namespace
		return p, errStranger
	}
	if !procTells() {
		p.proc, p.believed = -1, int(p.uid) == os.Geteuid()
		if !p.believed {
			err = fmt.Errorf("uid %d wants to report, and /proc does not tell whether its process is a part of the trace", p.uid)
		}
		return p, err
	}
	if p.proc, err = openProcess(p.pid); err != nil {
		return p, errEnded
	}
	if err = p.descend(); err == nil {
		err = hasSaidNothing(c)
	}
	if err != nil {
		p.close()
		return p, err
	}
	return p, nil
}

func (p *peer) close() { p.proc.close() }

// isFrom reports whether control messages are of the peer, which is still running.
func (p *peer) isFrom(messages []unix.SocketControlMessage) bool {
	for i := range messages {
		if credentials, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			_, err := p.proc.parent()
			return int(credentials.Pid) == p.pid && (err == nil || p.believed)
		}
	}
	return false
}

// isCalled reports whether a process id is one of the peer's: it has a further one in each PID namespace that it is in.
func (p *peer) isCalled(pid int) bool {
	if p.believed {
		return true
	}
	status, _ := p.proc.read("status")
	for line := range bytes.Lines(status) {
		if ids, ok := bytes.CutPrefix(line, []byte("NSpid:")); ok {
			for _, id := range bytes.Fields(ids) {
				if string(id) == strconv.Itoa(pid) {
					return true
				}
			}
		}
	}
	return pid == p.pid
}

// maxDepth is how many processes there may be between the tracer and one that reports.
const maxDepth = 1000

// errMoved is of a chain of parents in which one has ended, whose children have another parent then.
var errMoved = errors.New("its ancestors end faster than one can follow them")

// descend expects that the peer descends from this process, and notes its parent.
func (p *peer) descend() (err error) {
	if p.parent, err = p.proc.parent(); err != nil || p.pid == os.Getpid() {
		return err
	}
	for range maxDepth {
		if err = p.climb(); err != errMoved {
			break
		}
	}
	return err
}

// climb follows the chain of parents from the peer up to this process.
func (p *peer) climb() error {
	at := p.proc
	for range maxDepth {
		parent, next, err := at.openParent()
		if at != p.proc {
			at.close()
			if err == errEnded {
				err = errMoved
			}
		}
		if err != nil {
			return err
		}
		if at == p.proc {
			p.parent = parent
		}
		switch {
		case parent == os.Getpid(): // which is 1 in many containers
			next.close()
			return nil
		case parent <= 1:
			next.close()
			return errStranger
		}
		at = next
	}
	at.close()
	return errStranger
}

// procTells reports whether /proc is there, and of this process's PID namespace.
func procTells() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// procFolder is a process's folder in /proc. Reading there fails once the process has ended.
type procFolder int

func openProcess(pid int) (procFolder, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return procFolder(fd), err
}

func (f procFolder) close() {
	if f >= 0 {
		unix.Close(int(f))
	}
}

func (f procFolder) read(name string) ([]byte, error) {
	fd, err := unix.Openat(int(f), name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	b := make([]byte, 4<<10)
	n, err := file.Read(b)
	return b[:n], err
}

// parent returns the id of the process's parent.
func (f procFolder) parent() (int, error) {
	stat, err := f.read("stat")
	if err != nil {
		return 0, errEnded
	}
	// The name, in parentheses, may have any bytes in it. The state and the parent follow it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc says %q of it", stat)
	}
	return strconv.Atoi(fields[1])
}

// openParent opens the folder of the process's parent. The parent that is read before and after the opening was there meanwhile.
func (f procFolder) openParent() (int, procFolder, error) {
	for {
		parent, err := f.parent()
		if err != nil || parent == 0 {
			return 0, -1, err
		}
		folder, openErr := openProcess(parent)
		again, err := f.parent()
		if err == nil && again == parent {
			return parent, folder, openErr
		}
		folder.close()
		if err != nil {
			return 0, -1, err
		}
	}
}

// credentialsOf returns who has connected, and has each message bring who has sent it.
func credentialsOf(c *net.UnixConn) (credentials *unix.Ucred, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err == nil {
			credentials, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		}
	})
	return credentials, errors.Join(controlErr, err)
}

// hasSaidNothing expects that nothing has come yet: it could be of a process that had the peer's id before.
func hasSaidNothing(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var readErr error
	if err := raw.Control(func(fd uintptr) {
		n, _, readErr = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	}); err != nil {
		return err
	}
	switch {
	case readErr == unix.EAGAIN:
		return nil
	case readErr == nil && n == 0:
		return errEnded
	case readErr == nil:
		return errors.New("it speaks before it is asked")
	}
	return readErr
}

// credentialsSpace is the room that the sender's credentials take among the control messages.
var credentialsSpace = unix.CmsgSpace(unix.SizeofUcred)
