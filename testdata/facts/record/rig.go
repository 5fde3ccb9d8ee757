//go:build linux

package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

const patience = 8 * time.Second

// wireFact is what one worker wrote in one scenario.
type wireFact struct {
	Scenario string   `json:"scenario"`
	Mode     string   `json:"mode"`
	Lines    []string `json:"lines"`
	Handles  []string `json:"handles,omitempty"`
	Answers  []answer `json:"answers,omitempty"`
	Output   []string `json:"output,omitempty"`
	Clients  []string `json:"clients,omitempty"`
	Exit     string   `json:"exit"`
	Failure  string   `json:"failure,omitempty"`
}

// answer is a message of the recorder's, and how many lines the worker had written before it.
type answer struct {
	After  int    `json:"after"`
	Line   string `json:"line"`
	Handle string `json:"handle,omitempty"`
}

// rig runs one scenario in one worker.
type rig struct {
	runtime  runtimeBinary
	scenario scenario
	dir      string
	fact     wireFact
	channel  *channel
	cmd      *exec.Cmd
	seq      int
	held     []int
	clients  []*client
	answered int
	handles  int
	anyPorts int
	key      string
}

func record(rt runtimeBinary, s scenario, mode, workers string) (wireFact, error) {
	dir, err := os.MkdirTemp("", "facts")
	if err != nil {
		return wireFact{}, err
	}
	defer os.RemoveAll(dir)
	r := &rig{runtime: rt, scenario: s, dir: dir}
	r.fact = wireFact{Scenario: s.name, Mode: mode, Lines: []string{}}
	var stdout, stderr bytes.Buffer
	if err := r.start(mode, workers, &stdout, &stderr); err != nil {
		return wireFact{}, err
	}
	err = r.serve(time.Now().Add(patience))
	r.finish()
	if err != nil {
		r.fact.Failure = err.Error()
	}
	if *verbose && stderr.Len() > 0 {
		fmt.Fprintf(os.Stderr, "%s %s %s:\n%s", rt.name, s.name, mode, stderr.Bytes())
	}
	r.fact.Output = lines(r.stable(stdout.String()))
	return r.fact, nil
}

func (r *rig) start(mode, workers string, stdout, stderr io.Writer) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "channel")
	defer theirs.Close()
	r.channel = &channel{fd: pair[0], codec: &jsonCodec{}}
	if mode == "advanced" {
		r.channel.codec = &advancedCodec{}
	}
	r.cmd = exec.Command(r.runtime.path, slices.Concat(r.runtime.args, []string{workers, r.scenario.script()})...)
	r.cmd.Dir = r.dir
	r.cmd.Stdout, r.cmd.Stderr = stdout, stderr
	r.cmd.ExtraFiles = []*os.File{theirs}
	r.cmd.Env = append(os.Environ(), "NO_COLOR=1", "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE="+mode)
	if !r.scenario.plain {
		r.cmd.Env = append(r.cmd.Env, "NODE_UNIQUE_ID=1")
	}
	if err := r.cmd.Start(); err != nil {
		r.channel.close()
		return fmt.Errorf("start %s: %w", r.runtime.name, err)
	}
	return nil
}

// serve records and answers until the worker ends its channel.
func (r *rig) serve(deadline time.Time) error {
	for {
		f, err := r.channel.next(deadline)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.note(f)
		if err := r.react(f); errors.Is(err, unix.EPIPE) {
			continue
		} else if err != nil {
			return err
		}
	}
}

func (r *rig) note(f frame) {
	r.fact.Lines = append(r.fact.Lines, r.stable(r.written(f.raw)))
	if f.fd >= 0 {
		r.held = append(r.held, f.fd)
		r.fact.Handles = append(r.fact.Handles, fmt.Sprintf("line %d: %s", len(r.fact.Lines)-1, r.stable(describe(f.fd))))
	}
}

// written is a message as it is recorded: its text, or base64 where text could not show every byte.
func (r *rig) written(raw []byte) string {
	switch {
	case r.fact.Mode == "advanced":
		return base64.StdEncoding.EncodeToString(raw)
	case !utf8.Valid(raw):
		return "base64:" + base64.StdEncoding.EncodeToString(raw)
	}
	return strings.TrimSuffix(string(raw), "\n")
}

// react sends the answers that every scenario needs, then the scenario's own.
func (r *rig) react(f frame) error {
	if text(f.message, "cmd") == "NODE_HANDLE" {
		if err := r.acknowledge(); err != nil {
			return err
		}
	}
	if text(f.message, "cmd") == "NODE_CLUSTER" {
		if err := r.answerCluster(f.message); err != nil {
			return err
		}
	}
	if r.scenario.react != nil {
		return r.scenario.react(r, f.message)
	}
	return nil
}

// acknowledge answers a handle, with as many refusals first as the scenario has.
func (r *rig) acknowledge() error {
	r.handles++
	cmd := "NODE_HANDLE_ACK"
	if r.handles <= r.scenario.refusals {
		cmd = "NODE_HANDLE_NACK"
	}
	return r.send(object{{"cmd", cmd}}, -1)
}

// send writes and notes one message; a handle that goes with it stays the rig's.
func (r *rig) send(message any, fd int) error {
	raw, err := r.channel.codec.encode(message)
	if err != nil {
		return err
	}
	shown, err := marshal(message)
	if err != nil {
		return err
	}
	a := answer{After: len(r.fact.Lines), Line: r.stable(string(shown))}
	if fd >= 0 {
		a.Handle = r.stable(describe(fd))
	}
	r.fact.Answers = append(r.fact.Answers, a)
	return r.channel.send(raw, fd)
}

// finish lets the worker go, and kills it when it does not.
func (r *rig) finish() {
	r.channel.close()
	for _, fd := range r.held {
		unix.Close(fd)
	}
	kill := time.AfterFunc(patience, func() { r.cmd.Process.Kill() })
	r.cmd.Wait()
	kill.Stop()
	status := r.cmd.ProcessState.Sys().(syscall.WaitStatus)
	r.fact.Exit = fmt.Sprintf("code %d", status.ExitStatus())
	if status.Signaled() {
		r.fact.Exit = "signal " + unix.SignalName(status.Signal())
	}
	r.awaitClients()
}

// stable replaces what differs from run to run.
func (r *rig) stable(s string) string {
	s = strings.ReplaceAll(s, r.dir, "DIR")
	s = anyPort.ReplaceAllString(s, `"port":"PORT"`)
	return strings.ReplaceAll(s, fmt.Sprintf(`"pid":%d`, r.cmd.Process.Pid), `"pid":"PID"`)
}

func lines(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == '\n' })
}
