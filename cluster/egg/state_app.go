package egg

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// app is an app worker, from its fork to its end.
type app struct {
	appProcess
	place        *place
	started      bool // it listens where the application does
	listening    bool // something in it does
	began        time.Time
	disconnected bool
	leaving      bool // it was asked to leave, for its successor
	succeeded    bool // what follows its end was decided
}

// place is what one app worker after the other has.
type place struct {
	index  int
	app    *app // nil while there is none
	next   *app // of a reload, until it has started
	failed int  // how many have failed in a row before they had started
	waits  bool // for the end of a pause
	// restarts is how many app workers have followed one that has died, and retryAt the end of the pause.
	restarts int
	retryAt  time.Time
}

func (s *state) startApps() {
	s.appsBegan = s.world.now()
	args, _ := json.Marshal([]string{string(s.text())})
	s.note("[master] start appWorker with args %s (process)", args)
	for i := range s.workers {
		s.places = append(s.places, &place{index: i})
	}
	for _, p := range s.places {
		if p.app = s.fork(p); p.app == nil && s.phase == over {
			return
		}
	}
}

// fork starts an app worker for a place, nil if it could not.
func (s *state) fork(p *place) *app {
	process, err := s.world.startApp(p.index)
	if err != nil {
		s.fail("[master] app_worker cannot be started: %v", err)
		s.decide(p, nil)
		return nil
	}
	return s.admit(process, p)
}

// admit is for an app worker that was forked.
func (s *state) admit(process appProcess, p *place) *app {
	a := &app{appProcess: process, place: p, began: s.world.now()}
	s.apps = append(s.apps, a)
	s.note("[master] app_worker#%d:%d start, state: none, current workers: %s", a.ID(), a.Pid(), s.ids())
	if s.debug {
		o := &object{}
		o.set("debugPort", number(s.debugPortOf(a)))
		s.sayDebug(roleApp, o, a.Pid())
	}
	return a
}

// debugPortOf is the port of an app worker's inspector, or the one that it would have.
func (s *state) debugPortOf(a *app) int {
	if port := a.DebugPort(); port != 0 {
		return port
	}
	return nodeDebugPort + a.ID()
}

// nodeDebugPort is where Node's inspector listens by default.
const nodeDebugPort = 9229

// ids are those of the app workers, as Node's cluster has them: texts.
func (s *state) ids() string {
	ids := []string{}
	for _, a := range s.apps {
		ids = append(ids, strconv.Itoa(a.ID()))
	}
	text, _ := json.Marshal(ids)
	return string(text)
}

// appOf is the app worker that a process is, nil for one that has ended.
func (s *state) appOf(process appProcess) *app {
	i := slices.IndexFunc(s.apps, func(a *app) bool { return a.appProcess == process })
	if i < 0 {
		return nil
	}
	return s.apps[i]
}

// appListens is for a server in an app worker that listens, as Node's cluster tells it.
func (s *state) appListens(process appProcess, at address) {
	a := s.appOf(process)
	if a == nil {
		return
	}
	a.listening = true
	if s.release.four {
		return
	}
	at4, _ := json.Marshal(map[string]any{"address": at.host, "port": at.port})
	s.info("[master] app_worker#%d:%d listening on %s", a.ID(), a.Pid(), at4)
	if !s.choosesPort() || at.isPath {
		s.appStarted(a, at)
	}
}

// appStarted is for an app worker that listens.
func (s *state) appStarted(a *app, at address) {
	if a.started || a.disconnected || s.phase >= stoppingApps || !s.isReal(at) {
		return
	}
	a.started, a.listening = true, true
	a.place.failed = 0
	s.tellAgent("egg-pids", s.listening())
	if s.agent != nil {
		s.tellApp(a, "egg-pids", pidList(s.agent.Pid()))
	}
	if s.phase == starting {
		s.starts++
	}
	s.sayAppStarted(a, at)
	switch {
	case s.phase == running:
		s.tellApps("egg-ready", s.text())
		s.takePlace(a)
	case s.starts == s.workers:
		s.ready(at)
	}
}

// ready is for an application of which all app workers have started.
func (s *state) ready(at address) {
	if s.sticky {
		port, err := s.world.openSticky(s.realPort)
		if err != nil {
			s.fail("[master] cannot listen for the app workers: %v", err)
			s.finish(1)
			return
		}
		s.realPort, at = port, address{port: port}
	}
	s.enter(running)
	for _, p := range s.places {
		s.world.serve(p.index, p.app.appProcess)
	}
	s.address = at.host
	if !at.isPath {
		s.address = s.url(s.protocol, at.host, at.port)
	}
	s.sayStarted()
	o := &object{}
	if s.realPort != 0 {
		o.set("port", number(s.realPort))
	}
	if s.all.has("debugPort") {
		o.set("debugPort", s.all.values["debugPort"])
	}
	o.set("address", quote(s.address))
	o.set("protocol", quote(s.protocol))
	s.tellParent("egg-ready", o.text())
	s.tellApps("egg-ready", s.text())
	s.tellAgent("egg-ready", s.text())
	if s.production && !s.keepsTrying {
		s.world.after(checkPause, s.check)
	}
	s.goOnReloading()
}

func (s *state) appDisconnected(process appProcess) {
	a := s.appOf(process)
	if a == nil || a.disconnected {
		return
	}
	a.disconnected = true
	s.sayDisconnected(a)
	if s.phase != starting { // where the end of the process tells more
		s.decideOnce(a)
	}
}

func (s *state) appEnded(process appProcess, status nodeipc.ExitStatus) {
	a := s.appOf(process)
	if a == nil {
		return
	}
	if s.phase < stoppingApps && !a.leaving {
		s.sayAppDied(a, status)
	}
	s.apps = slices.DeleteFunc(s.apps, func(b *app) bool { return a == b })
	if s.phase >= stoppingApps {
		s.goOnStopping()
		return
	}
	if s.isDebugger(status) && !a.leaving {
		s.world.after(debuggerPause, s.stop)
	}
	s.tellAgent("egg-pids", s.listening())
	if s.phase == running {
		s.tellParent("app-worker-died", nil)
	} else {
		s.fail("[master] app_worker#%d:%d start fail, exiting with code:1", a.ID(), a.Pid())
	}
	s.decideOnce(a)
}

// debuggerPause is how long the master goes on after a debugger has killed an app worker.
const debuggerPause = 10 * time.Millisecond
