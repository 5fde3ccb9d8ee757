//go:build unix

package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed testdata/measure.js
var measureJS []byte

// node is a Node that measures itself, and answers each request with a line.
type node struct {
	name   string
	path   string
	folder string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
}

// request is what a node is asked to do.
type request struct {
	Expression   string `json:"expression"`
	Do           string `json:"do"` // "message", "write" or "read"
	Milliseconds int64  `json:"milliseconds,omitempty"`
}

func startNode(path string) (*node, error) {
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", path, err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
	folder, err := os.MkdirTemp("", "clones")
	if err != nil {
		return nil, err
	}
	n := &node{name: "Node " + major, path: path, folder: folder}
	if err := n.start(); err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	return n, nil
}

func (n *node) start() (err error) {
	script := filepath.Join(n.folder, "measure.js")
	if err := os.WriteFile(script, measureJS, 0o600); err != nil {
		return err
	}
	n.cmd = exec.Command(n.path, "--expose-internals", "--no-warnings", script)
	n.cmd.Stderr = os.Stderr
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	n.out = bufio.NewReader(out)
	return n.cmd.Start()
}

// stop ends the process, which has nothing to do without its input.
func (n *node) stop() {
	n.in.Close()
	n.cmd.Wait()
	os.RemoveAll(n.folder)
}

// ask stores the answer to a request in answer.
func (n *node) ask(r request, answer any) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w", n.path, err)
	}
	if line, err = n.out.ReadBytes('\n'); err != nil {
		return fmt.Errorf("%s ended: %w", n.path, err)
	}
	return json.Unmarshal(line, answer)
}

// message gives what the node writes on a channel for an expression's value, without its length.
func (n *node) message(expression string) (message []byte, err error) {
	err = n.ask(request{Expression: expression, Do: "message"}, &message)
	return message, err
}

// turn is a turn of this node at writing or reading.
func (n *node) turn(expression, do string) func(time.Duration) (float64, error) {
	return func(d time.Duration) (nanoseconds float64, err error) {
		err = n.ask(request{expression, do, d.Milliseconds()}, &nanoseconds)
		return nanoseconds, err
	}
}
