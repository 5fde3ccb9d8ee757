//go:build linux

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

//go:embed testdata/nginx.conf
var nginxConf string

var nginxTemplate = template.Must(template.New("nginx.conf").Parse(nginxConf))

// findNginx finds nginx where a user's PATH may not lead.
func (b *bench) findNginx(context.Context) (err error) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if b.nginx, err = exec.LookPath(name); err == nil {
			return nil
		}
	}
	return errors.New("no nginx: install it to have it measured")
}

// proxied is nginx and the servers behind it.
type proxied struct {
	nginx   *measure.Program
	servers []*measure.Program
}

func (b *bench) startNginx(ctx context.Context, p place) (server, error) {
	s := &proxied{}
	addresses, err := s.startServers(b, ctx, p)
	if err == nil {
		err = s.startNginx(b, ctx, p, addresses)
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// startServers starts a plain server for each worker.
func (s *proxied) startServers(b *bench, ctx context.Context, p place) (addresses []string, err error) {
	first, err := measure.FreePorts(p.workers)
	if err != nil {
		return nil, err
	}
	for i := range p.workers {
		server, err := measure.Start(ctx, []string{b.options.node, b.scripts.Worker}, append(p.env, fmt.Sprintf("PORT=%d", first+i), fmt.Sprintf("NUMBER=%d", i+1))...)
		if err != nil {
			return nil, err
		}
		s.servers = append(s.servers, server)
		addresses = append(addresses, measure.Local(first+i))
	}
	return addresses, nil
}

func (s *proxied) startNginx(b *bench, ctx context.Context, p place, servers []string) error {
	var conf strings.Builder
	if err := nginxTemplate.Execute(&conf, map[string]any{
		"Folder": p.folder, "Port": p.port, "Servers": servers, "Root": os.Geteuid() == 0,
	}); err != nil {
		return err
	}
	path := filepath.Join(p.folder, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf.String()), 0o600); err != nil {
		return err
	}
	program, err := measure.Start(ctx, []string{b.nginx, "-c", path, "-e", "stderr"})
	s.nginx = program
	return err
}

// processes are nginx's own: its master and its workers.
func (s *proxied) processes() []int {
	return append(measure.Children(s.nginx.PID()), s.nginx.PID())
}

func (s *proxied) running() error {
	for _, program := range append(s.servers, s.nginx) {
		if err := program.Running(); err != nil {
			return err
		}
	}
	return nil
}

func (s *proxied) end() {
	if s.nginx != nil {
		s.nginx.End()
	}
	for _, server := range s.servers {
		server.End()
	}
}
