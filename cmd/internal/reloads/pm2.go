//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
)

// ample is how long PM2 waits for a worker to be ready, and to end, before it kills it.
const ample = time.Minute

// pm2Server is PM2 with a program that is written for it.
type pm2Server struct{ *pm2.Daemon }

// pm2Config is the part of PM2's configuration file that is used.
type pm2Config struct {
	Apps []pm2App `json:"apps"`
}

type pm2App struct {
	Name          string `json:"name"`
	Script        string `json:"script"`
	Instances     int    `json:"instances"`
	ExecMode      string `json:"exec_mode"`
	WaitReady     bool   `json:"wait_ready"`
	ListenTimeout int64  `json:"listen_timeout"`
	KillTimeout   int64  `json:"kill_timeout"`
}

// startPM2 starts a program that waits, once it is to leave, before it closes its server and before it ends.
func startPM2(wait time.Duration) func(context.Context, *measurement, place) (server, error) {
	return func(ctx context.Context, m *measurement, p place) (server, error) {
		program, err := pm2.Fetch(ctx, m.options.getPM2)
		if err != nil {
			return nil, err
		}
		file, err := m.writePM2Config(p.folder)
		if err != nil {
			return nil, err
		}
		daemon, err := pm2.Start(m.options.node, program, p.folder, append(p.env, fmt.Sprintf("WAIT=%d", wait.Milliseconds())), file)
		if err != nil {
			return nil, err
		}
		return pm2Server{daemon}, nil
	}
}

// writePM2Config writes PM2's configuration file into a folder, and gives its path.
func (m *measurement) writePM2Config(folder string) (string, error) {
	config, err := json.Marshal(pm2Config{[]pm2App{{
		Name: "app", Script: m.prepared, Instances: m.options.workers, ExecMode: "cluster", WaitReady: true,
		ListenTimeout: ample.Milliseconds(), KillTimeout: ample.Milliseconds(),
	}}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "ecosystem.json")
	return file, os.WriteFile(file, config, 0o600)
}

// change has PM2 reload. Its command ends well also where the new workers do not, so that they are counted.
func (s pm2Server) change() (began time.Time, err error) {
	if err := s.Running(); err != nil {
		return began, err
	}
	before := measure.Children(s.PID())
	began = time.Now()
	if err := s.Command(changePatience, "reload", "app", "--parallel", "1"); err != nil {
		return began, err
	}
	after := measure.Children(s.PID())
	if n := len(newOnes(before, after)); n != len(before) {
		return began, fmt.Errorf("it has reloaded %d of %d workers", n, len(before))
	}
	return began, nil
}

// newOnes are the numbers that were not there before.
func newOnes(before, after []int) []int {
	return slices.DeleteFunc(slices.Clone(after), func(n int) bool { return slices.Contains(before, n) })
}

func (s pm2Server) end() { s.End() }
