package bind

import (
	"errors"
	"math"
	"net/netip"
	"os"
)

// Socket is what this system cannot make.
type Socket struct {
	FD        int
	Inherited bool
}

func Stream(Request) (Socket, error) { return Socket{}, errors.ErrUnsupported }

func Packet(Request) (Socket, error) { return Socket{}, errors.ErrUnsupported }

func OfferedStreams([]int, Request) []int { return nil }

func OfferedPackets([]int, Request) []int { return nil }

func OfferedPort([]int, bool, Request) (fd int, at netip.AddrPort, ok bool) { return -1, at, false }

func (*Socket) Close() {}

func (*Socket) Listen(int) error { return errors.ErrUnsupported }

func (*Socket) Addr() (netip.AddrPort, error) { return netip.AddrPort{}, errors.ErrUnsupported }

func CloseFD(int) {}

func AwaitClosed() {}

func Descriptors() (free, limit int) { return math.MaxInt32, math.MaxInt32 }

func Dup(int) (int, error) { return -1, errors.ErrUnsupported }

func Listen(int, int) error { return errors.ErrUnsupported }

func Accept(int) (int, error) { return -1, errors.ErrUnsupported }

func SetReuseAddress(int) error { return errors.ErrUnsupported }

func Release(int) {}

// OpenTo lets all users read or write the socket at a path.
func OpenTo(path string, readableAll, writableAll bool) error {
	if !readableAll && !writableAll {
		return nil
	}
	return os.Chmod(path, 0o666)
}

func Peek(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func Discard(int, []byte) {}
