//go:build unix

package egg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// router is an application whose answers say who it is, and which does as it is told.
const router = `module.exports = app => {
  let heard = [];
  app.messenger.on('note', data => {
    heard.push(data);
    if (data === 'last') console.log('the last note is heard');
  });
  app.get('/', ctx => { ctx.body = { pid: process.pid, index: process.env.CFORK_WORKER_INDEX }; });
  app.post('/', ctx => { ctx.body = { pid: process.pid, index: process.env.CFORK_WORKER_INDEX }; });
  app.get('/slow', async ctx => {
    console.log('slow begins');
    await new Promise(resolve => setTimeout(resolve, 1000));
    ctx.body = { pid: process.pid };
  });
  app.get('/die', () => process.kill(process.pid, 'SIGKILL'));
  app.get('/heard', ctx => { ctx.body = heard; });
  app.get('/tell', ctx => { app.messenger[ctx.query.how]('note', ctx.query.what); ctx.body = {}; });
  app.get('/reload', ctx => { process.send({ to: 'master', action: 'reload-worker' }); ctx.body = {}; });
  app.get('/spawn', ctx => {
    const child = require('child_process').spawn('sleep', ['600'], { detached: true });
    ctx.body = { child: child.pid };
  });
};`

// hooks are the application's app.js and agent.js. They say when they are closed; a file "broken" has the app workers fail in their start.
const (
	appHooks = `module.exports = app => {
  if (require('fs').existsSync(app.baseDir + '/broken')) throw new Error('broken');
  app.beforeClose(async () => console.log('app hook ' + process.pid));
};`
	agentHooks = `module.exports = agent => {
  agent.messenger.on('note', data => { console.log('agent hears ' + data); agent.messenger.sendToApp('note', 'agent:' + data); });
  agent.messenger.on('egg-ready', () => console.log('agent is ready'));
  agent.beforeClose(async () => console.log('agent hook'));
};`
)

// rig is a master that runs an application.
type rig struct {
	*Master
	t      *testing.T
	app    string
	port   int
	output clustertest.Output
	parent *nodeipc.Channel
	ended  chan error
}

// start runs an application until the test ends, without waiting for it to be ready.
func start(t *testing.T, egg string, options map[string]any, files map[string]string, adjust ...func(*Settings)) *rig {
	t.Helper()
	nodetest.NoLeaks(t)
	r := &rig{t: t, port: nodetest.FreePort(t), ended: make(chan error, 1)}
	all := map[string]string{"app/router.js": router, "app.js": appHooks, "agent.js": agentHooks}
	for path, text := range files {
		all[path] = text
	}
	r.app = newApp(t, egg, all)
	text := map[string]any{"baseDir": r.app, "workers": 2, "env": "prod", "port": r.port}
	for key, value := range options {
		text[key] = value
	}
	encoded, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	o, err := ParseOptions(encoded, OptionsFrom{})
	if err != nil {
		t.Fatal(err)
	}
	parent := r.openParent()
	s := Settings{
		Node: nodetest.Default(t).Path, Parent: parent, Stdout: &r.output, Stderr: &r.output, Env: []string{"HOME=" + t.TempDir(), "EGG_HOME=" + t.TempDir()},
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	for _, f := range adjust {
		f(&s)
	}
	if r.Master, err = New(o, s); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { r.ended <- r.Run(ctx); close(r.ended) }()
	t.Cleanup(func() {
		cancel()
		nodetest.Await(t, func() { <-r.ended }, "end of the master")
		parent.Close()
		http.DefaultClient.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the master and the workers printed:\n%s", r.output.String())
		}
	})
	return r
}

// openParent makes the channel to a parent, which is the test.
func (r *rig) openParent() *nodeipc.Channel {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	ours, err := nodeipc.NewChannel(fds[0], nodeipc.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { ours.Close() })
	theirs, err := nodeipc.NewChannel(fds[1], nodeipc.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.parent = ours
	return theirs
}

// awaitMessage waits for a message to the parent, and returns its data.
func (r *rig) awaitMessage(action string) (data json.RawMessage) {
	r.t.Helper()
	for {
		var m struct {
			Action string
			Data   json.RawMessage
		}
		message, err := r.parent.Receive(nodetest.Context(r.t))
		if err != nil {
			r.t.Fatalf("no message %s: %v", action, err)
		}
		if err := message.Decode(&m); err == nil && m.Action == action {
			return m.Data
		}
	}
}

// startReady is start and waits until the application is ready.
func startReady(t *testing.T, egg string, options map[string]any, files map[string]string, adjust ...func(*Settings)) *rig {
	t.Helper()
	r := start(t, egg, options, files, adjust...)
	var ready struct{ Port int }
	if err := json.Unmarshal(r.awaitMessage("egg-ready"), &ready); err != nil {
		t.Fatal(err)
	}
	r.port = ready.Port
	return r
}

// awaitOutput waits until something was printed so many times.
func (r *rig) awaitOutput(text string, times int) {
	r.t.Helper()
	if !clustertest.Eventually(func() bool { return strings.Count(r.output.String(), text) >= times }) {
		r.t.Fatalf("%q was not printed %d times", text, times)
	}
}

// stopped waits for the end after a stop.
func (r *rig) stopped() {
	r.t.Helper()
	if err := nodetest.Receive(r.t, r.ended, "end of the master"); err != nil {
		r.t.Errorf("the master ends with %v", err)
	}
}

type answer struct {
	Pid, Child int
	Index      string
}

// get asks an app worker, on a connection of its own that comes from an address of this machine's, if one is named.
func (r *rig) get(path, from string) (a answer, err error) {
	dialer := net.Dialer{}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	client := http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true},
		Timeout:   nodetest.Patience,
	}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", r.port, path))
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	if err == nil && len(text) > 0 && text[0] == '{' {
		err = json.Unmarshal(text, &a)
	}
	return a, err
}

func (r *rig) mustGet(path, from string) answer {
	r.t.Helper()
	a, err := r.get(path, from)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// workers asks until so many different app workers have answered.
func (r *rig) workers(n int) map[int]bool {
	r.t.Helper()
	seen := map[int]bool{}
	if !clustertest.Eventually(func() bool { seen[r.mustGet("/", "").Pid] = true; return len(seen) >= n }) {
		r.t.Fatalf("%d of %d app workers have answered", len(seen), n)
	}
	return seen
}

// stopDuringRequest stops while a client with this address waits for its answer, which it gets. A second signal changes nothing.
func (r *rig) stopDuringRequest(client string) {
	r.t.Helper()
	answered := make(chan error, 1)
	go func() {
		_, err := r.get("/slow", client)
		answered <- err
	}()
	r.awaitOutput("slow begins", 1)
	r.Stop("SIGTERM")
	r.Stop("SIGTERM")
	if err := nodetest.Receive(r.t, answered, "answer"); err != nil {
		r.t.Error(err)
	}
	r.stopped()
}
