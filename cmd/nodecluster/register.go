package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
)

// registration makes an application of run known to the other commands for as long as it runs.
type registration struct {
	app    *application
	lock   *home.Lock
	socket net.Listener
}

// maxNamesakes is how many applications of run may have one name, with a number after it.
const maxNamesakes = 1000

// register makes what run runs known by a name, or by that with a number after it if another application is called so. An application of
// which the name was said is called that or not at all.
func register(c config.App, named bool) (r *registration, err error) {
	h, err := home.Open()
	if err != nil {
		return nil, err
	}
	base := c.Name
	for n := 2; n < maxNamesakes; n++ {
		r, err = registerAs(h, c)
		if named || !errors.Is(err, home.ErrRunning) {
			return r, err
		}
		c.Name = fmt.Sprintf("%s-%d", base, n)
	}
	return nil, err
}

// registerAs makes an application known by the name of its configuration. One that was started, and not by run, keeps its name.
func registerAs(h *home.Home, c config.App) (r *registration, err error) {
	of, err := h.App(c.Name)
	if err != nil {
		return nil, err
	}
	if record, err := of.Load(); err == nil && !record.Foreground {
		return nil, fmt.Errorf("%s was started before and is not to be run in the foreground beside: %w; delete it, or choose another --name", c.Name, home.ErrRunning)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	a := &application{App: of, config: c, record: home.Record{Wanted: home.Running, Config: text, CreatedAt: time.Now(), Foreground: true}}
	r = &registration{app: a}
	if r.lock, err = of.Lock(); err != nil {
		return nil, err
	}
	if err = of.Save(a.record); err == nil {
		r.socket, err = a.listen()
	}
	if err != nil {
		of.Remove()
		r.lock.Close()
		return nil, err
	}
	return r, nil
}

// end has the application not be known any more.
func (r *registration) end() {
	r.app.Remove()
	r.lock.Close()
}

// foregroundConfig is the configuration of what run runs.
func foregroundConfig(f *runFlags, script string, args []string) (config.App, error) {
	c := config.App{Name: f.name, Script: script, Args: args}
	if path, err := filepath.Abs(script); err == nil && isFile(path) {
		c.Script = path
	}
	c.Cwd, _ = os.Getwd()
	err := setFromFlags(&c, f.flags)
	if c.Name == "" {
		c.Name = defaultName(script)
	}
	return c, err
}
