//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// fetchPM2 has PM2 fetched.
func (b *bench) fetchPM2(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, b.options.getPM2)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return errors.New(cmp.Or(lastLine(said.String()), err.Error()))
	}
	b.pm2 = lastLine(string(out))
	return nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// pm2 is PM2's daemon, which is no child of ours.
type pm2 struct {
	bench  *bench
	home   string
	daemon int
}

func (b *bench) startPM2(_ context.Context, p place) (server, error) {
	s := &pm2{bench: b, home: filepath.Join(p.folder, "pm2")}
	if err := os.Mkdir(s.home, 0o700); err != nil {
		return nil, err
	}
	err := s.command(p.env, "start", b.scripts.Worker, "-i", fmt.Sprint(p.workers))
	if err == nil {
		s.daemon, err = s.readPID()
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// command runs PM2's program, which starts the daemon if there is none, and tells the daemon. Nothing interrupts it,
// because a daemon that it has only begun to start would stay.
func (s *pm2) command(env []string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), measure.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bench.options.node, append([]string{s.bench.pm2}, args...)...)
	cmd.Env = append(append(os.Environ(), env...), "PM2_HOME="+s.home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Into a file, because the daemon would keep a pipe open.
	log, err := os.Create(filepath.Join(s.home, "command.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("pm2 %s: %w: %s", args[0], err, lastLine(string(text)))
	}
	return nil
}

func (s *pm2) readPID() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.home, "pm2.pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func (s *pm2) processes() []int { return []int{s.daemon} }

func (s *pm2) running() error {
	if !measure.Runs(s.daemon) {
		return errors.New("PM2's daemon has ended")
	}
	return nil
}

// end has PM2 end its workers and its daemon, and kills those that it leaves.
func (s *pm2) end() {
	daemon, err := s.readPID()
	if err != nil {
		return // it was never there
	}
	all := append(measure.Children(daemon), daemon)
	if err := s.command(nil, "kill"); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
	}
	if awaitEnd(all, measure.EndPatience) {
		return
	}
	for _, pid := range all {
		if measure.Runs(pid) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	awaitEnd(all, measure.EndPatience)
}

// awaitEnd waits until processes that are no children of ours have ended, and reports whether they have.
func awaitEnd(pids []int, patience time.Duration) bool {
	for over := time.Now().Add(patience); slices.ContainsFunc(pids, measure.Runs); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(over) {
			return false
		}
	}
	return true
}
