//go:build !portable

package logs

import (
	"encoding/binary"
	"io"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// journalSocket is what systemd-journald listens on.
func journalSocket(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// receiveEntry reads an entry, which may come as a sealed file.
func receiveEntry(t *testing.T, conn *net.UnixConn) map[string]string {
	t.Helper()
	datagram, rights := make([]byte, 1<<20), make([]byte, 64)
	n, m, _, _, err := conn.ReadMsgUnix(datagram, rights)
	if err != nil {
		t.Fatal(err)
	}
	if datagram = datagram[:n]; m > 0 {
		datagram = sealed(t, rights[:m])
	}
	fields := map[string]string{}
	for text := string(datagram); text != ""; {
		name, rest, _ := strings.Cut(text, "\n")
		size := binary.LittleEndian.Uint64([]byte(rest))
		fields[name], text = rest[8:8+size], rest[8+size+1:]
	}
	return fields
}

// sealed reads a file that was passed, and has to be sealed.
func sealed(t *testing.T, rights []byte) []byte {
	t.Helper()
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		t.Fatal(err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fds[0]), "")
	defer f.Close()
	if seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0); err != nil || seals&unix.F_SEAL_WRITE == 0 {
		t.Errorf("the seals are %d, %v", seals, err)
	}
	all, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Lines are entries of systemd's journal, as its protocol has them, also after it was started again.
func TestJournal(t *testing.T) {
	nodetest.NoLeaks(t)
	path := t.TempDir() + "/socket"
	conn := journalSocket(t, path)
	s := newSink(&journal{path: path, identifier: "api"}, textFormat{})
	add := func(from source, text string) {
		before := s.format.before(nil, time.Now(), from)
		s.mu.Lock()
		s.add(before, []byte(text), false)
		s.mu.Unlock()
		s.notify()
	}
	expect := func(want map[string]string) {
		t.Helper()
		want["SYSLOG_IDENTIFIER"] = "api"
		if got := receiveEntry(t, conn); !maps.Equal(got, want) {
			t.Errorf("the entry is %.300q, want %.300q", got, want)
		}
	}
	add(source{2, 7, streamOut}, "hello\x00 world")
	expect(map[string]string{"MESSAGE": "hello\x00 world", "PRIORITY": "6", "NODECLUSTER_INSTANCE": "2", "NODECLUSTER_WORKER": "7"})
	long := strings.Repeat("l", maxLine)
	add(source{2, 7, streamErr}, long)
	expect(map[string]string{"MESSAGE": long, "PRIORITY": "3", "NODECLUSTER_INSTANCE": "2", "NODECLUSTER_WORKER": "7"})
	conn.Close()
	os.Remove(path)
	conn = journalSocket(t, path)
	add(source{0, 8, streamOut}, "again")
	expect(map[string]string{"MESSAGE": "again", "PRIORITY": "6", "NODECLUSTER_INSTANCE": "0", "NODECLUSTER_WORKER": "8"})
	if err := s.end(); err != nil {
		t.Error(err)
	}
}
