//go:build linux

package main

import (
	"os"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
)

// setup is what cluster.settings says in the test's process.
type setup struct {
	SchedulingPolicy cluster.SchedulingPolicy `json:"schedulingPolicy"`
	Settings         struct {
		Exec     string   `json:"exec"`
		Args     []string `json:"args"`
		ExecArgv []string `json:"execArgv"`
		Cwd      string   `json:"cwd"`
		Silent   bool     `json:"silent"`
		UID      *uint32  `json:"uid"`
		GID      *uint32  `json:"gid"`
	} `json:"settings"`
}

// environment is what a worker inherits from the test's process.
type environment struct {
	Cwd            string   `json:"cwd"`
	Env            []string `json:"env"`
	WorkerEnv      []string `json:"workerEnv"`
	ExecPath       string   `json:"execPath"`
	DebugPort      int      `json:"debugPort"`
	AskInspectPort bool     `json:"askInspectPort"`
	Stdio          []string `json:"stdio"`
}

// enter makes this process's variables and working directory those of the test's.
func (e *environment) enter() error {
	os.Clearenv()
	for _, pair := range e.Env {
		name, value, _ := strings.Cut(pair, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return os.Chdir(e.Cwd)
}

// setup makes the primary, or changes the settings of the one that there is, and waits for the event of it, so that the
// test's process can have it as soon as under Node.
func (b *bridge) setup(asked *call) error {
	s := asked.Settings
	settings := cluster.Settings{
		Exec: s.Exec, Args: s.Args, ExecArgv: s.ExecArgv, Cwd: s.Cwd, Silent: s.Silent, UID: s.UID, GID: s.GID,
		SchedulingPolicy: asked.SchedulingPolicy, Serialization: b.wire,
	}
	if b.primary != nil {
		b.primary.Setup(settings)
		<-b.setups
		return nil
	}
	pipes, err := newPipes()
	if err != nil {
		return err
	}
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		return err
	}
	b.pipes, b.primary = pipes, primary
	go b.follow()
	<-b.setups
	return nil
}
