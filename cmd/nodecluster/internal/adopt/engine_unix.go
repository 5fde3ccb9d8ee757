//go:build unix

package adopt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"golang.org/x/sys/unix"
)

// Run is the engine. It adopts the workers whose processes report at connection, which becomes the engine's, until the JavaScript primary,
// which is this process's parent, has ended. warn gets one line about what a user should know. It returns an error if the engine cannot be
// started.
func Run(connection *os.File, policy cluster.SchedulingPolicy, warn func(string)) error {
	conn, err := net.FileConn(connection)
	connection.Close()
	if err != nil {
		return fmt.Errorf("standard input is no socket: %w", err)
	}
	defer conn.Close()
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return errors.New("standard input is no Unix socket")
	}
	// To look for connections that wait at busy workers would be all that reuseport costs.
	primary, err := cluster.NewPrimary(cluster.Settings{SchedulingPolicy: policy, Serialization: nodeipc.JSON, NoSteal: true})
	if err != nil {
		return err
	}
	var told sync.WaitGroup
	told.Go(func() {
		for event := range primary.Events(context.Background()) {
			if e, ok := event.(cluster.ErrorEvent); ok {
				warn(e.Err.Error())
			}
		}
	})
	e := &engine{primary: primary, like: newLikeness(os.Getppid()), program: programMappings()}
	e.hear(socket)
	err = primary.Close()
	told.Wait()
	return err
}

// What one read takes of reports. Linux has one in each; macOS may have several.
const (
	maxReports       = 64 << 10
	maxReportedFiles = 16 * reportedFiles
)

// engine takes what processes report that are going to be workers.
type engine struct {
	primary *cluster.Primary
	like    *likeness // of the JavaScript primary
	program []mapping
	text    []byte // of a report that has not come whole
	files   []*os.File
}

// hear takes reports until the primary, and all that it has started, have closed their end.
func (e *engine) hear(socket *net.UnixConn) {
	buffer, rights := make([]byte, maxReports), make([]byte, unix.CmsgSpace(4*maxReportedFiles))
	for {
		n, oob, _, _, err := socket.ReadMsgUnix(buffer, rights)
		e.files = append(e.files, filesOf(rights[:oob])...)
		if n == 0 || err != nil {
			closeAll(e.files)
			return
		}
		e.text = append(e.text, buffer[:n]...)
		for {
			line, rest, whole := bytes.Cut(e.text, []byte("\n"))
			if !whole {
				break
			}
			e.take(line)
			for _, m := range e.program {
				m.drop()
			}
			e.text = append([]byte(nil), rest...)
		}
	}
}

// take adopts a worker, and tells its process that it has. Where that cannot be, the process sees the end of what it waits at.
func (e *engine) take(line []byte) {
	files := e.files[:min(reportedFiles, len(e.files))]
	e.files = e.files[len(files):]
	defer closeAll(files)
	var r report
	if len(files) < reportedFiles || json.Unmarshal(line, &r) != nil {
		return
	}
	_, err := e.primary.Adopt(files[0], files[1], cluster.AdoptOptions{
		Pid: r.PID, Serialization: nodeipc.Serialization(r.Serialization), NodeVersion: r.NodeVersion,
		BeforeListen: e.like.assume, ListenFD: e.like.listenFD,
	})
	if err == nil {
		files[2].Write([]byte{1})
	}
}

// filesOf are the descriptors of a control message.
func filesOf(rights []byte) (files []*os.File) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "reported"))
		}
	}
	return files
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
