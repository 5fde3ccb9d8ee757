//go:build linux

package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/nodeipc"
)

//go:embed testdata
var applications embed.FS

// A contender is a master with a version of Egg.
type contender struct {
	name    string
	program string
	egg     string // the package of Egg
	app     string // the folder of the application, which has a framework of its own where no package is named
	script  string // what the program is given to run, below the modules
	turns   []figures
}

func (o *options) contenders() (all []*contender) {
	for _, egg := range []contender{
		{name: "Egg 3", egg: "egg3", app: "app", script: "egg-scripts3/lib/start-cluster"},
		{name: "Egg 4", egg: "egg4", app: "app", script: "egg-scripts4/scripts/start-cluster.cjs"},
	} {
		for _, master := range []struct{ name, program string }{{"its own master", o.node}, {"nodecluster", o.nodecluster}} {
			c := egg
			c.name += ", " + master.name
			c.program = master.program
			all = append(all, &c)
		}
	}
	return all
}

// A running master has the application, and this program as its parent.
type running struct {
	*nodeipc.Child
	folder, address string
	patience        time.Duration // for a message of the master's
}

// testEnv is an environment in which nothing reloads but by a message.
func testEnv() []string { return []string{"EGG_SERVER_ENV=unittest", "NODE_ENV=test"} }

// start starts a master, with variables on top of the environment, and waits until all of its processes are up.
func (c *contender) start(ctx context.Context, o *options, env []string) (r *running, err error) {
	r = &running{patience: measure.Patience + time.Duration(o.workers)*time.Second}
	folder, err := os.MkdirTemp("", "eggs")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(folder)
		}
	}()
	r.folder = folder
	base := filepath.Join(folder, "app")
	source, err := fs.Sub(applications, "testdata/"+c.app)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.CopyFS(base, source), os.Symlink(o.modules, filepath.Join(base, "node_modules"))); err != nil {
		return nil, err
	}
	port, err := measure.FreePorts(1)
	if err != nil {
		return nil, err
	}
	r.address = measure.Local(port)
	framework := filepath.Join(o.modules, c.egg)
	if c.egg == "" {
		framework = filepath.Join(base, "framework")
	}
	settings, err := json.Marshal(map[string]any{
		"baseDir": base, "framework": framework, "workers": o.workers, "port": port, "title": "eggs",
	})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, c.program, filepath.Join(o.modules, c.script), string(settings), "--title=eggs")
	cmd.Env = slices.Concat(os.Environ(), env, []string{"EGG_HOME=" + r.folder})
	cmd.Dir = base
	output, err := os.Create(r.outputPath())
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	if r.Child, err = nodeipc.Start(cmd, nodeipc.Options{}); err != nil {
		return nil, err
	}
	if err := r.await(ctx, "egg-ready", nil); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

func (r *running) outputPath() string { return filepath.Join(r.folder, "output") }

// lastOutput is how much of a master's output is told.
const lastOutput = 2 << 10

// ended is what the master and its workers have printed last.
func (r *running) ended() error {
	text, err := os.ReadFile(r.outputPath())
	return errors.Join(fmt.Errorf("the master has ended: %s", text[max(0, len(text)-lastOutput):]), err)
}

// await waits for a message of the master's, and drops all others.
func (r *running) await(ctx context.Context, action string, data any) error {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	for {
		m, err := r.Receive(ctx)
		if err != nil {
			return fmt.Errorf("no message %s of the master's: %w", action, err)
		}
		envelope := struct {
			Action string
			Data   any
		}{Data: data}
		err = m.Decode(&envelope)
		m.Release()
		if err == nil && envelope.Action == action {
			return nil
		}
	}
}

// tell sends the master a message.
func (r *running) tell(ctx context.Context, to, action string, data any) error {
	return r.Send(ctx, map[string]any{"to": to, "action": action, "data": data})
}

// stop ends the master and waits for it.
func (r *running) stop() error {
	defer os.RemoveAll(r.folder)
	r.Signal(syscall.SIGTERM) // it may have ended
	_, err := r.Wait()
	return err
}
