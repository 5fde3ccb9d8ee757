//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// startPatience is how long a primary may take until all workers answer, endPatience how long until it has ended.
const (
	startPatience = 30 * time.Second
	endPatience   = 10 * time.Second
)

// contestant is a primary and what its turns came to.
type contestant struct {
	name    string
	command []string
	counts  [outcomes]int
	kills   int
}

// turn runs the primary under the load once.
func (c *contestant) turn(d time.Duration) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	primary, err := start(c.command, address)
	if err != nil {
		return err
	}
	defer primary.end()
	if err := primary.awaitWorkers(address); err != nil {
		return err
	}
	l := startLoad(address)
	l.killFor(d)
	err = l.stop()
	for i, n := range l.counts {
		c.counts[i] += n
	}
	c.kills += l.kills
	return err
}

// freeAddress gives an address below the ports that clients are given: while nobody listens, a client on the very port
// that it connects to would be connected to itself.
func freeAddress() (string, error) {
	const first, last = 10000, 30000
	for {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(last-first))))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", err
		}
		return listener.Addr().String(), listener.Close()
	}
}

// process is a running primary, in a process group with its workers.
type process struct {
	cmd    *exec.Cmd
	log    bytes.Buffer
	exited chan struct{}
}

func start(command []string, address string) (*process, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(command[0], command[1:]...), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "PORT="+port)
	p.cmd.Stderr = &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A worker that outlives its primary would keep the pipe of the log open.
	p.cmd.WaitDelay = endPatience
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.exited)
		p.cmd.Wait()
	}()
	return p, nil
}

// awaitWorkers waits until every worker has answered.
func (p *process) awaitWorkers(address string) error {
	seen := map[int]bool{}
	for over := time.Now().Add(startPatience); len(seen) < workers; {
		if time.Now().After(over) {
			return fmt.Errorf("%d of %d workers answered within %v", len(seen), workers, startPatience)
		}
		select {
		case <-p.exited:
			return fmt.Errorf("it has ended: %s", bytes.TrimSpace(p.log.Bytes()))
		default:
		}
		outcome, pid, err := request(address, patience)
		switch {
		case err != nil:
			return err
		case outcome == answered:
			seen[pid] = true
		default:
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

// end asks the primary to end, and kills it and its workers when it has not or when they are left behind.
func (p *process) end() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(endPatience):
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		fmt.Fprintf(os.Stderr, "deaths: kill process group %d: %v\n", p.cmd.Process.Pid, err)
	}
	<-p.exited
}
