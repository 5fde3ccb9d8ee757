//go:build unix

package trace

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
	"golang.org/x/sys/unix"
)

// TestBadReports are noted, and what came with them is closed.
func TestBadReports(t *testing.T) {
	nodetest.NoLeaks(t)
	where, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer where.remove()
	g := &gate{open: make(chan struct{})}
	close(g.open)
	s, err := listen(where, newLog(g, textFormat{}), newSummary())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(where.path(preloadFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	pid := fmt.Sprintf(`{"pid":%d`, os.Getpid())
	var want []string
	for _, test := range []struct {
		line, want string
		fds        []int
	}{
		{"", "its process ended before it could say what it is", nil},
		{"}\n", "a report that makes no sense", []int{fd}},
		{`{"pid":1`, "its process ended before it could say what it is", nil},
		{`{"pid":"one"}` + "\n", "a report that makes no sense", []int{fd, fd}},
		{pid + "}\n", "reports 0 descriptors, not 2", nil},
		{pid + "}\n", "reports 3 descriptors, not 2", []int{fd, fd, fd}},
		{pid + `,"serialization":"xml"}` + "\n", `serialization "xml" is not known`, []int{fd, fd}},
		{pid + "}\n", "is not a channel", []int{fd, fd}},
		{strings.Repeat("x", 2*maxReport), "a report that makes no sense", nil},
		{`{"exit":{"pid":1}}` + "\n", "reports 1 descriptors, not 0", []int{fd}},
	} {
		reportAs(t, where, test.line, test.fds)
		want = append(want, test.want)
	}
	s.close()
	if err := s.log.close(); err != nil {
		t.Error(err)
	}
	notes := strings.Split(strings.TrimSuffix(g.written.String(), "\n"), "\n")
	for i, note := range notes {
		if len(notes) != len(want) || !strings.Contains(note, " not ") || !strings.Contains(note, want[i]) {
			t.Fatalf("the notes are\n%s\nwant\n%s", g.written.String(), strings.Join(want, "\n"))
		}
	}
	if s.channels() != 0 {
		t.Errorf("%d channels are counted", s.channels())
	}
}

// reportAs sends a line with descriptors and expects that it is not accepted.
func reportAs(t *testing.T, where folder, line string, fds []int) {
	t.Helper()
	c, err := net.Dial("unix", where.path(tracing.Socket))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(nodetest.Patience))
	conn := c.(*net.UnixConn)
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatalf("it is not asked to report: %v", err)
	}
	if line != "" {
		conn.WriteMsgUnix([]byte(line), unix.UnixRights(fds...), nil) // who does not wait for the end cannot be told
	}
	conn.CloseWrite()
	if b, _ := io.ReadAll(conn); len(b) != 0 {
		t.Errorf("the report %.60q is accepted", line)
	}
}
