//go:build linux

package attack

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// end is a worker's bare end of its channel, in JSON.
type end struct {
	fd       int
	port     string // that the other worker listens on
	received []byte
	sockets  []int // that the primary has sent for the worker to listen on
}

func open() (*end, error) {
	fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	if err != nil {
		return nil, fmt.Errorf("there is no channel: %w", err)
	}
	if mode := os.Getenv("NODE_CHANNEL_SERIALIZATION_MODE"); mode == "advanced" {
		return nil, errors.New("the attacks speak JSON only")
	}
	unix.CloseOnExec(fd)
	return &end{fd: fd, port: os.Getenv("PORT")}, unix.SetNonblock(fd, false)
}

// write writes a message with copies of descriptors beside it.
func (e *end) write(line string, fds ...int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for text := []byte(line + "\n"); len(text) > 0; {
		n, err := unix.SendmsgN(e.fd, text, rights, nil, unix.MSG_NOSIGNAL)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		text, rights = text[n:], nil
	}
	return nil
}

// give writes a message with a descriptor, and closes that: on another goroutine, as its copy may be the last by then.
func (e *end) give(message string, fd int) error {
	defer func() { go unix.Close(fd) }()
	return e.write(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":`+message+`}`, fd)
}

// message is what an attack looks at in what the primary says.
type message struct {
	Command string `json:"cmd"`
	Act     string `json:"act"`
	Key     string `json:"key"`
	Ack     *int   `json:"ack"`
	Errno   *int   `json:"errno"`
	Seq     int    `json:"seq"`
	fd      int
}

// read reads the next message. Its descriptor is -1 or the caller's. Node's primary and this module's send a message with a
// descriptor in a piece of its own.
func (e *end) read() (m message, err error) {
	m.fd = -1
	for {
		if line, rest, ok := strings.Cut(string(e.received), "\n"); ok {
			e.received = []byte(rest)
			return m, e.decode(line, &m)
		}
		buffer, control := make([]byte, 64<<10), make([]byte, unix.CmsgSpace(4))
		n, size, _, _, err := unix.Recvmsg(e.fd, buffer, control, unix.MSG_CMSG_CLOEXEC)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil && n == 0 {
			err = errEnded
		}
		if err != nil {
			return m, err
		}
		e.received = append(e.received, buffer[:n]...)
		if size > 0 {
			if m.fd, err = descriptor(control[:size]); err != nil {
				return m, err
			}
		}
	}
}

var errEnded = errors.New("the primary has closed the channel")

func (e *end) decode(line string, m *message) error {
	var envelope struct {
		message
		Message json.RawMessage `json:"msg"`
	}
	if err := json.Unmarshal([]byte(line), &envelope); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	fd := m.fd
	*m = envelope.message
	if m.Command == "NODE_HANDLE" {
		if err := json.Unmarshal(envelope.Message, m); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	m.fd = fd
	return nil
}

func descriptor(control []byte) (int, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return -1, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}

// say tells whoever watches the worker.
func say(words ...any) {
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, words...)
	out.Flush()
}

// stay reads until the primary has closed the channel.
func (e *end) stay() error {
	for {
		m, err := e.read()
		if err != nil {
			return nil
		}
		if m.fd >= 0 {
			unix.Close(m.fd)
		}
	}
}
