//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
)

// pm2Logs is PM2, which writes a file of 100 bytes a line for each worker.
type pm2Logs struct {
	*pm2.Daemon
	folder string
}

func startPM2(mode string) func(o *options, script, folder string) (running, error) {
	return func(o *options, script, folder string) (running, error) {
		program, err := pm2.Fetch(background, o.getPM2)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(folder, "ecosystem.json")
		config := fmt.Sprintf(`{"apps":[{"name":"app","script":%q,"instances":%d,"exec_mode":%q}]}`, script, o.workers, mode)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			return nil, err
		}
		daemon, err := pm2.Start(o.node, program, folder, []string{o.linesVariable()}, file)
		if err != nil {
			return nil, err
		}
		return &pm2Logs{daemon, folder}, nil
	}
}

func (p *pm2Logs) look() (turn, error) {
	if err := p.Running(); err != nil {
		return turn{}, err
	}
	paths, err := filepath.Glob(filepath.Join(p.folder, "pm2", "logs", "*out*.log"))
	if err != nil {
		return turn{}, err
	}
	var size int64
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return turn{}, err
		}
		size += info.Size()
	}
	return turn{
		lines: int(size / 100), keeper: measure.CPU(p.PID()), workers: measure.CPU(measure.Children(p.PID())...), memory: measure.Memory(p.PID()),
	}, nil
}

func (p *pm2Logs) end() { p.End() }
