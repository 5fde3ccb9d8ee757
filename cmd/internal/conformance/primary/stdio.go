//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster"
)

// pipesVariable names the folder of the socket by which a test's process gets its ends of workers' streams: it connects,
// which needs no answer, once for each of them before it asks for the fork.
const pipesVariable = "NODECLUSTER_CONFORMANCE_PIPES"

type pipes struct{ listener *net.UnixListener }

func newPipes() (*pipes, error) {
	path := filepath.Join(os.Getenv(pipesVariable), strconv.Itoa(os.Getpid()))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		return nil, err
	}
	return &pipes{l}, nil
}

func (p *pipes) path() string { return p.listener.Addr().String() }

// files are what has to be closed once a worker has them.
type files []*os.File

func (f files) close() {
	for _, file := range f {
		file.Close()
	}
}

// streams gives a worker the streams that the test's process wants, as Node's option stdio has them.
func (p *pipes) streams(stdio []string, settings *cluster.Settings) (opened files, err error) {
	if settings.Silent {
		return nil, nil
	}
	files := make([]*os.File, len(stdio))
	for i, kind := range stdio {
		switch kind {
		case "pipe":
			files[i], err = p.accept()
		case "ignore":
			files[i], err = os.OpenFile(os.DevNull, os.O_RDWR, 0)
		case "ipc", "inherit":
			continue
		default:
			err = fmt.Errorf("the rig has no stdio of kind %q", kind)
		}
		if err != nil {
			opened.close()
			return nil, err
		}
		opened = append(opened, files[i])
	}
	if files[0] != nil {
		settings.Stdin = files[0]
	}
	if files[1] != nil {
		settings.Stdout = files[1]
	}
	if files[2] != nil {
		settings.Stderr = files[2]
	}
	settings.ExtraFiles = files[3:]
	return opened, nil
}

func (p *pipes) accept() (*os.File, error) {
	conn, err := p.listener.AcceptUnix()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.File()
}

// copySilent joins the streams of a silent worker to the test's process.
func (p *pipes) copySilent(w *cluster.Worker) error {
	var ends [3]*net.UnixConn
	for i := range ends {
		conn, err := p.listener.AcceptUnix()
		if err != nil {
			return err
		}
		ends[i] = conn
	}
	go copyAll(w.Stdin(), ends[0])
	go copyAll(ends[1], w.Stdout())
	go copyAll(ends[2], w.Stderr())
	return nil
}

func copyAll(to io.WriteCloser, from io.ReadCloser) {
	io.Copy(to, from)
	to.Close()
	from.Close()
}
