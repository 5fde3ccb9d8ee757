//go:build linux

// Package pm2 has PM2 run programs, for those that measure it: each daemon has a home of its own, and ends with all that it has started.
package pm2

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// Fetch runs the script that fetches PM2, and gives PM2's program, which is one for node. The error is what the script said last.
func Fetch(ctx context.Context, script string) (string, error) {
	cmd := exec.CommandContext(ctx, script)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", errors.New(cmp.Or(lastLine(said.String()), err.Error()))
	}
	return lastLine(string(out)), nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// Daemon is PM2's daemon, which is no child of ours.
type Daemon struct {
	node, program, home string
	pid                 int
}

// Start has a new daemon, whose files are in a folder that is there, run programs as `pm2 start` with these arguments does. It blocks
// until PM2's command has ended.
func Start(node, program, folder string, env []string, args ...string) (*Daemon, error) {
	d := &Daemon{node: node, program: program, home: filepath.Join(folder, "pm2")}
	if err := os.Mkdir(d.home, 0o700); err != nil {
		return nil, err
	}
	err := d.command(env, measure.Patience, append([]string{"start"}, args...))
	if err == nil {
		d.pid, err = d.readPID()
	}
	if err != nil {
		d.End()
		return nil, err
	}
	return d, nil
}

// Command tells the daemon something, and blocks until PM2's command has ended. After patience that is an error.
func (d *Daemon) Command(patience time.Duration, args ...string) error {
	return d.command(nil, patience, args)
}

// command runs PM2's program, which starts the daemon if there is none, and tells the daemon. Nothing interrupts it,
// because a daemon that it has only begun to start would stay.
func (d *Daemon) command(env []string, patience time.Duration, args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.node, append([]string{d.program}, args...)...)
	cmd.Env = append(append(os.Environ(), env...), "PM2_HOME="+d.home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Into a file, because the daemon would keep a pipe open.
	log, err := os.Create(filepath.Join(d.home, "command.log"))
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

func (d *Daemon) readPID() (int, error) {
	text, err := os.ReadFile(filepath.Join(d.home, "pm2.pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// PID is the daemon's process, of which the workers are children.
func (d *Daemon) PID() int { return d.pid }

// Running reports whether the daemon runs: if not, the error says so.
func (d *Daemon) Running() error {
	if !measure.Runs(d.pid) {
		return errors.New("PM2's daemon has ended")
	}
	return nil
}

// End has PM2 end its workers and its daemon, and kills those that it leaves.
func (d *Daemon) End() {
	daemon, err := d.readPID()
	if err != nil {
		return // it was never there
	}
	all := append(measure.Children(daemon), daemon)
	if err := d.Command(measure.Patience, "kill"); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n", err)
	}
	if measure.AwaitEnd(all, measure.EndPatience) {
		return
	}
	for _, pid := range all {
		if measure.Runs(pid) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	measure.AwaitEnd(all, measure.EndPatience)
}
