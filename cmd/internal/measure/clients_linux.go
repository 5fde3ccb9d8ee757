package measure

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Clients opens connections as Wrk does, but from as many addresses of this machine's, and says its address in X-Forwarded-For,
// which is all that wrk cannot do: it is for servers that look at who connects.
func Clients(ctx context.Context, address string, seconds, clients, addresses int) (Load, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return Load{}, err
	}
	c := &crowd{
		to:        unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())},
		addresses: addresses,
		address:   address,
		byFD:      map[int32]*client{},
		buffer:    make([]byte, 64<<10),
	}
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return Load{}, fmt.Errorf("epoll_create1: %w", err)
	}
	defer c.close()
	began := time.Now()
	for range clients {
		if err := c.open(); err != nil {
			return Load{}, err
		}
	}
	if err := c.run(ctx, began.Add(time.Duration(seconds)*time.Second)); err != nil {
		return Load{}, err
	}
	return c.load(time.Since(began)), nil
}

// crowd is clients that open one connection after the other.
type crowd struct {
	epoll     int
	to        unix.SockaddrInet4
	addresses int
	opened    int
	address   string
	byFD      map[int32]*client
	buffer    []byte

	answered, failed int
	lastFailure      error
}

// client is an open connection.
type client struct {
	fd      int
	request []byte
	asked   bool
	answer  int // how many bytes of it have come
}

// from is the address of the next connection.
func (c *crowd) from() *unix.SockaddrInet4 {
	n := c.opened % c.addresses
	c.opened++
	return &unix.SockaddrInet4{Addr: [4]byte{127, byte(1 + n>>16), byte(n >> 8), byte(n)}}
}

func (c *crowd) open() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("a client's socket: %w", err)
	}
	from := c.from()
	c.byFD[int32(fd)] = &client{fd: fd, request: requestTo(c.address, "X-Forwarded-For: "+netip.AddrFrom4(from.Addr).String()+"\r\n")}
	// So that the port is chosen by connect, which knows where to: there are too few to choose before.
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("IP_BIND_ADDRESS_NO_PORT: %w", err)
	}
	if err := unix.Bind(fd, from); err != nil {
		return fmt.Errorf("bind a client to an address: %w", err)
	}
	if err := unix.Connect(fd, &c.to); err != nil && err != unix.EINPROGRESS {
		return fmt.Errorf("connect: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET, Fd: int32(fd)}
	return unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &event)
}

func (c *crowd) run(ctx context.Context, end time.Time) error {
	events := make([]unix.EpollEvent, 128)
	for time.Now().Before(end) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := unix.EpollWait(c.epoll, events, 10)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for _, e := range events[:max(n, 0)] {
			if err := c.goOn(c.byFD[e.Fd]); err != nil {
				return err
			}
		}
	}
	return nil
}

// goOn does what a connection is ready for, and opens the next one at its end.
func (c *crowd) goOn(cl *client) error {
	over, err := c.step(cl)
	if !over {
		return nil
	}
	if err != nil {
		c.failed++
		c.lastFailure = err
	} else {
		c.answered++
	}
	delete(c.byFD, int32(cl.fd))
	unix.Close(cl.fd)
	return c.open()
}

func (c *crowd) step(cl *client) (over bool, err error) {
	if !cl.asked {
		_, err := unix.Write(cl.fd, cl.request)
		if err == unix.EAGAIN || err == unix.ENOTCONN {
			return false, nil
		}
		if err != nil {
			return true, err
		}
		cl.asked = true
	}
	for {
		n, err := unix.Read(cl.fd, c.buffer)
		switch {
		case err == unix.EAGAIN:
			return false, nil
		case err != nil:
			return true, err
		case n == 0 && cl.answer == 0:
			return true, errNoAnswer
		case n == 0:
			return true, nil
		}
		if cl.answer == 0 {
			if err := wrongAnswer(c.buffer[:n]); err != nil {
				return true, err
			}
		}
		cl.answer += n
	}
}

func (c *crowd) load(took time.Duration) Load {
	l := Load{Requests: c.answered, PerSecond: float64(c.answered) / took.Seconds()}
	if c.failed > 0 {
		l.Errors = fmt.Sprintf("%d connections failed, the last one with: %v", c.failed, c.lastFailure)
	}
	return l
}

func (c *crowd) close() {
	for _, cl := range c.byFD {
		unix.Close(cl.fd)
	}
	unix.Close(c.epoll)
}
