//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"golang.org/x/sys/unix"
)

const (
	patience   = 10 * time.Second      // of a client, for one answer
	retryPause = 10 * time.Millisecond // after a request that failed
	bodyEvery  = 200                   // requests: as few as not to decide what 99 % of them take
	bodySize   = 1 << 20
)

// client makes one request after the other.
type client struct {
	number    int
	address   string
	keepAlive bool // whether it keeps its connection
	pause     time.Duration
	origin    time.Time // what samples are relative to

	conn     *net.TCPConn // nil if there is none
	raw      syscall.RawConn
	reader   *bufio.Reader
	samples  []sample
	failures []failure
}

// sample is a request that was answered.
type sample struct{ began, took time.Duration }

func (s sample) ended() time.Duration { return s.began + s.took }

// failure is one that was not.
type failure struct {
	sample
	kind kind
	err  error
}

func (c *client) run(ctx context.Context) {
	defer c.hangUp()
	for n := c.number; ctx.Err() == nil; n++ {
		began := time.Now()
		err := c.ask(began.Add(patience), n%bodyEvery == bodyEvery-1)
		s := sample{began.Sub(c.origin), time.Since(began)}
		wait := c.pause
		if err == nil {
			c.samples = append(c.samples, s)
		} else {
			c.hangUp()
			c.failures = append(c.failures, failure{s, kindOf(err), err})
			wait = max(wait, retryPause)
		}
		if wait > 0 && sleep(ctx, wait) != nil {
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask makes a request, with a body or without.
func (c *client) ask(deadline time.Time, withBody bool) error {
	if err := c.connect(deadline); err != nil {
		return err
	}
	if err := c.write(withBody); err != nil {
		return err
	}
	answer, err := measure.ReadAnswer(c.reader)
	if err != nil {
		return err
	}
	if answer.Last || !c.keepAlive {
		c.hangUp()
	}
	var pid, bytes int
	if n, _ := fmt.Sscan(string(answer.Body), &pid, &bytes); n != 2 || bytes != len(bodyOf(withBody)) {
		return fmt.Errorf("the answer %.40q to a body of %d bytes", answer.Body, len(bodyOf(withBody)))
	}
	return nil
}

var body = make([]byte, bodySize)

func bodyOf(with bool) []byte {
	if with {
		return body
	}
	return nil
}

func (c *client) write(withBody bool) error {
	connection := "close"
	if c.keepAlive {
		connection = "keep-alive"
	}
	head := "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: " + connection + "\r\n\r\n"
	if withBody {
		head = fmt.Sprintf("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n", connection, bodySize)
	}
	if _, err := io.WriteString(c.conn, head); err != nil || !withBody {
		return err
	}
	_, err := c.conn.Write(body)
	return err
}

// connect has the client have a connection: the one that there is, unless the server has closed it between two requests, as it may.
func (c *client) connect(deadline time.Time) error {
	if c.conn != nil {
		if err := c.conn.SetDeadline(deadline); err != nil {
			return err
		}
		if err := c.look(); err != io.EOF {
			return err
		}
		c.hangUp()
	}
	conn, err := (&net.Dialer{Deadline: deadline, LocalAddr: measure.ClientAddress(c.number), Control: bindLate}).Dial("tcp", c.address)
	if err != nil {
		return err
	}
	c.conn = conn.(*net.TCPConn)
	if c.raw, err = c.conn.SyscallConn(); err != nil {
		return err
	}
	if c.reader == nil {
		c.reader = bufio.NewReader(nil)
	}
	c.reader.Reset(c.conn)
	return c.conn.SetDeadline(deadline)
}

// bindLate has the port chosen by connect, which knows where to: there are too few to choose before.
func bindLate(_, _ string, raw syscall.RawConn) (err error) {
	if control := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}); control != nil {
		return control
	}
	return err
}

var errUnasked = errors.New("an answer that nothing was asked for")

// look has an error if the connection cannot take a further request: io.EOF if the server has closed it.
func (c *client) look() error {
	if c.reader.Buffered() > 0 {
		return errUnasked
	}
	var n int
	var err error
	if read := c.raw.Read(func(fd uintptr) bool {
		n, _, err = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return true
	}); read != nil {
		return read
	}
	switch {
	case err == unix.EAGAIN:
		return nil
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	return errUnasked
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
