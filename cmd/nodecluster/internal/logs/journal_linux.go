//go:build !portable

package logs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// journalPath is where systemd's journal takes datagrams.
const journalPath = "/run/systemd/journal/socket"

// Priorities of the journal's entries, as syslog has them.
const (
	priorityError   = "3"
	priorityWarning = "4"
	priorityInfo    = "6"
)

// journal is a target that sends a datagram for each line, as sd_journal_send does.
type journal struct {
	path, identifier string
	conn             *net.UnixConn // nil while there is none
	writing          atomic.Pointer[net.UnixConn]
	entry            bytes.Buffer
}

func newJournal(identifier string) *journal {
	return &journal{path: journalPath, identifier: identifier}
}

func (j *journal) write(lines []byte) (written int, err error) {
	for written < len(lines) {
		end := written + bytes.IndexByte(lines[written:], '\n')
		if err := j.send(parse(lines[written:end])); err != nil {
			return written, err
		}
		written = end + 1
	}
	return written, nil
}

func (j *journal) send(line Line) error {
	if j.conn == nil {
		if err := j.reopen(); err != nil {
			return err
		}
	}
	j.compose(line)
	_, err := j.conn.Write(j.entry.Bytes())
	if errors.Is(err, unix.EMSGSIZE) || errors.Is(err, unix.ENOBUFS) {
		err = j.sendFile()
	}
	if err != nil {
		j.close() // the journal may have been started again
	}
	return err
}

// compose makes the datagram of a line.
func (j *journal) compose(line Line) {
	j.entry.Reset()
	j.field("MESSAGE", line.Text)
	j.field("SYSLOG_IDENTIFIER", j.identifier)
	switch {
	case line.Note:
		j.field("PRIORITY", priorityWarning)
		return
	case line.Stderr:
		j.field("PRIORITY", priorityError)
	default:
		j.field("PRIORITY", priorityInfo)
	}
	j.field("NODECLUSTER_INSTANCE", strconv.Itoa(line.Instance))
	j.field("NODECLUSTER_WORKER", strconv.Itoa(line.Worker))
	if line.Partial {
		j.field("NODECLUSTER_PARTIAL", "1")
	}
}

// field adds a field with its length, since what workers print may be anything.
func (j *journal) field(name, value string) {
	j.entry.WriteString(name)
	j.entry.WriteByte('\n')
	j.entry.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(value))))
	j.entry.WriteString(value)
	j.entry.WriteByte('\n')
}

// sendFile sends the datagram as a sealed file, because it is too long.
func (j *journal) sendFile() error {
	fd, err := unix.MemfdCreate("journal", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	defer unix.Close(fd)
	for b := j.entry.Bytes(); len(b) > 0; {
		n, err := unix.Write(fd, b)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	seals := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return j.sendRights(unix.UnixRights(fd))
}

// sendRights sends a datagram of descriptors alone, which package net does not on a connection.
func (j *journal) sendRights(rights []byte) error {
	raw, err := j.conn.SyscallConn()
	if err != nil {
		return err
	}
	var sendErr error
	err = raw.Write(func(fd uintptr) bool {
		sendErr = unix.Sendmsg(int(fd), nil, rights, nil, 0)
		return sendErr != unix.EAGAIN
	})
	return errors.Join(err, sendErr)
}

// reopen connects to the journal that there is by now.
func (j *journal) reopen() error {
	j.close()
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: j.path, Net: "unixgram"})
	if err != nil {
		return err
	}
	j.conn = conn
	j.writing.Store(conn)
	return nil
}

// flush does nothing: the journal is not ours to empty.
func (j *journal) flush() error { return nil }

func (j *journal) interrupt() {
	if conn := j.writing.Load(); conn != nil {
		conn.SetWriteDeadline(time.Now())
	}
}

func (j *journal) close() error {
	if j.conn == nil {
		return nil
	}
	err := j.conn.Close()
	j.conn = nil
	return err
}
