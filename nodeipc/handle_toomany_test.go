//go:build linux

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

func init() {
	childPrograms["too many handles"] = tooManyHandles
}

// tooManyHandles has so many descriptors on their way that the system takes no more, then fewer.
func tooManyHandles() error {
	if err := haveTheLimitAlone(); err != nil {
		return err
	}
	if err := setFileLimit(100); err != nil {
		return err
	}
	others, err := fillWithDescriptors()
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	c, err := nodeipc.NewChannel(pair[0], nodeipc.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h, err := handlewrap.FromListener(l)
	if err != nil {
		return err
	}
	if err := c.SendHandle(context.Background(), "m", h); err != nil {
		return err
	}
	if err := expectIdle(); err != nil {
		return err
	}
	buf, control := make([]byte, 1000), make([]byte, unix.CmsgSpace(4*100))
	if _, _, _, _, err := unix.Recvmsg(pair[1], buf, control, unix.MSG_DONTWAIT); err != unix.EAGAIN {
		return fmt.Errorf("the handle was sent: %v", err)
	}
	unix.Close(others[0])
	unix.Close(others[1])
	n, controls, _, _, err := unix.Recvmsg(pair[1], buf, control, 0)
	if err != nil || controls == 0 {
		return fmt.Errorf("read %q with %d bytes of control messages: %v", buf[:n], controls, err)
	}
	fmt.Printf("%s", buf[:n])
	return nil
}

// haveTheLimitAlone keeps away other copies of this program, as tests of other tags run beside: root has no limit, and that of
// any other user is for all processes of his.
func haveTheLimitAlone() error {
	if os.Getuid() == 0 {
		return unix.Setuid(20_000 + rand.IntN(40_000))
	}
	path := filepath.Join(os.TempDir(), fmt.Sprint("nodeipc-too-many-handles-", os.Getuid()))
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	return unix.Flock(fd, unix.LOCK_EX) // until the process ends
}

// fillWithDescriptors gives a socket pair with as many descriptors on their way as the system lets one have.
func fillWithDescriptors() ([2]int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return pair, err
	}
	for {
		err := unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), nil, unix.MSG_DONTWAIT)
		if errors.Is(err, unix.ETOOMANYREFS) {
			return pair, nil
		}
		if err != nil {
			return pair, err
		}
	}
}

// expectIdle fails when this process keeps a processor busy.
func expectIdle() error {
	const nap, most = 400e6, 200e6
	before := processorTime()
	unix.Nanosleep(&unix.Timespec{Nsec: nap}, nil)
	if used := processorTime() - before; used > most {
		return fmt.Errorf("%d ns of processor time in %d ns of waiting", used, int64(nap))
	}
	return nil
}

func processorTime() int64 {
	var usage unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func TestTooManyHandlesInFlight(t *testing.T) {
	nodetest.NoLeaks(t)
	if got := runSelf(t, "too many handles"); got != serverMessage+"\n" {
		t.Errorf("received %q", got)
	}
}
