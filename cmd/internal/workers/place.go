//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// patience is how long a primary may take until it serves or has ended.
const patience = 20 * time.Second

// place is a kind of worker under a kind of primary, and what was measured there.
type place struct {
	primary, worker string
	command, env    []string
	turns           []measure
}

// measure is one turn's figures.
type measure struct{ perSecond, workerMicros, primaryMicros float64 }

// turn starts the primary, loads it and measures.
func (p *place) turn(o *options) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	cmd := exec.Command(p.command[0], p.command[1:]...)
	cmd.Env = append(append(os.Environ(), p.env...), "PORT="+port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	defer func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
			<-ended
		}
	}()
	if err := awaitPort(port, ended); err != nil {
		return err
	}
	workers, err := awaitChildren(cmd.Process.Pid, o.workers)
	if err != nil {
		return err
	}
	if _, err := load(port, 1, o.clients); err != nil {
		return err
	}
	return p.measure(o, port, cmd.Process.Pid, workers)
}

func (p *place) measure(o *options, port string, primary int, workers []int) error {
	primaryBefore, workersBefore := cpu(primary), cpu(workers...)
	requests, err := load(port, o.seconds, o.clients)
	if err != nil {
		return err
	}
	n := float64(max(requests, 1))
	p.turns = append(p.turns, measure{
		perSecond:     float64(requests) / float64(o.seconds),
		workerMicros:  (cpu(workers...) - workersBefore).Seconds() * 1e6 / n,
		primaryMicros: (cpu(primary) - primaryBefore).Seconds() * 1e6 / n,
	})
	return nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func awaitPort(port string, ended <-chan struct{}) error {
	for over := time.Now().Add(patience); time.Now().Before(over); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			return errors.New("it ended before it served")
		default:
		}
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("nothing served port %s in %v", port, patience)
}

var requestsPattern = regexp.MustCompile(`(\d+) requests in`)

// load has wrk open connections and says how many were answered.
func load(port string, seconds, clients int) (int, error) {
	out, err := exec.Command("wrk", "-t1", fmt.Sprintf("-c%d", clients), fmt.Sprintf("-d%ds", seconds),
		"-H", "Connection: close", "http://127.0.0.1:"+port+"/").Output()
	if err != nil {
		return 0, fmt.Errorf("wrk, which makes the load: %w", err)
	}
	found := requestsPattern.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("wrk did not say how many requests it made: %q", out)
	}
	return strconv.Atoi(string(found[1]))
}
