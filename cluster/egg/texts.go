package egg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// The texts of this file are read by tools and tests of Egg's, so that they are word for word those of its own masters.

// A level says how important a line is, and whether it goes to standard error.
type level int

const (
	levelDebug level = iota
	levelInfo
	levelError
	// levelPlain and levelPlainError are lines without a level, of the part of Egg's master that forks.
	levelPlain
	levelPlainError
)

var levelNames = map[level]string{levelDebug: "DEBUG", levelInfo: "INFO", levelError: "ERROR"}

// line is a text as it is written: with the time, and who says it.
func line(l level, at time.Time, pid int, text string) string {
	date := at.Format("2006-01-02 15:04:05.000")
	switch l {
	case levelPlain, levelPlainError:
		return fmt.Sprintf("[%s] [cfork:master:%d] %s\n", date, pid, text)
	default:
		return fmt.Sprintf("%s %s %d %s\n", strings.Replace(date, ".", ",", 1), levelNames[l], pid, text)
	}
}

// named is an error with the name of its kind, as Egg's logger shows one.
func named(name, text, hostname string, pid int) string {
	return fmt.Sprintf("nodejs.%s: %s\n\npid: %d\nhostname: %s\n", name, text, pid, hostname)
}

// ended says how a process has ended, as Node tells it.
func ended(status nodeipc.ExitStatus) string {
	if status.Signal != 0 {
		return "code: null, signal: " + nodeipc.SignalName(status.Signal)
	}
	return fmt.Sprintf("code: %d, signal: null", status.Code)
}

// pretty is JSON in lines, as JSON.stringify writes it with an indent of two.
func pretty(text json.RawMessage) string {
	var b bytes.Buffer
	json.Indent(&b, text, "", "  ")
	return b.String()
}

func orUndefined(text string) string {
	if text == "" {
		return "undefined"
	}
	return text
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// banner are the first lines of a start.
func (s *state) banner(nodeVersion string) {
	eggs := ""
	if s.release.four {
		eggs = "🥚🥚🥚🥚 "
	}
	s.note("[master] =================== %s start %s=====================", s.framework.Name, eggs)
	s.info("[master] node version %s", nodeVersion)
	s.info("[master] %s version %s", s.framework.Name, s.framework.Version)
	if s.production {
		s.info("[master] start with options:\n%s", pretty(s.text()))
	} else {
		s.note("[master] start with options: %s", s.text())
	}
	s.note("[master] start with env: isProduction: %t, EGG_SERVER_ENV: %s, NODE_ENV: %s", s.production, orUndefined(s.env), orUndefined(s.nodeEnv))
}

func (s *state) sayStarted() {
	mode := ""
	if s.sticky {
		mode = " with STICKY MODE!"
	}
	s.info("[master] %s started on %s (%s)%s", s.framework.Name, s.address, milliseconds(s.world.now().Sub(s.began)), mode)
	if s.debugPort != 0 {
		url := s.url("http", "", s.debugPort)
		if s.release.four {
			s.info("[master] %s started debug port on %s", s.framework.Name, url)
		} else {
			s.info("[master] %s started on %s", s.framework.Name, url)
		}
	}
}

func (s *state) sayAgentDied(status nodeipc.ExitStatus) {
	s.sayNamed("AgentWorkerDiedError", fmt.Sprintf("[master] agent_worker#%d:%d died (%s)", s.agents, s.agent.Pid(), ended(status)))
}

func (s *state) sayAppDied(a *app, status nodeipc.ExitStatus) {
	pids, _ := json.Marshal(s.pids(func(*app) bool { return true }))
	text := fmt.Sprintf("[master] app_worker#%d:%d died (%s, suicide: %t, state: dead), current workers: %s",
		a.ID(), a.Pid(), ended(status), a.ExitedAfterDisconnect(), pids)
	if s.isDebugger(status) {
		s.fail("%s", text)
		s.fail("[master] worker kill by debugger, exiting...")
		return
	}
	s.sayNamed("AppWorkerDiedError", text)
}

func (s *state) sayAppStarted(a *app, at address) {
	remain := max(s.workers-s.starts, 0)
	if s.phase != starting {
		remain = 0
	}
	port := fmt.Sprint(at.port)
	if at.isPath && s.release.four {
		port = "undefined"
	}
	s.note("[master] app_worker#%d:%d started at %s, remain %d (%s)", a.ID(), a.Pid(), port, remain, milliseconds(s.world.now().Sub(s.appsBegan)))
}

// sayKill says that processes are to end, and how long they may take.
func (s *state) sayKill(who string, timeout time.Duration) {
	s.info("[master] send kill SIGTERM to %s, will exit with code:0 after %s", who, milliseconds(timeout))
	s.info("[master] wait %s", milliseconds(timeout))
}

func (s *state) sayNamed(name, text string) {
	s.world.logText(levelError, named(name, text, s.hostname, s.pid))
}

// note is for what Egg's master says quietly while an application is developed.
func (s *state) note(format string, values ...any) {
	l := levelInfo
	if s.env == "local" || s.nodeEnv == "development" {
		l = levelDebug
	}
	s.world.logText(l, fmt.Sprintf(format, values...))
}

func (s *state) info(format string, values ...any) {
	s.world.logText(levelInfo, fmt.Sprintf(format, values...))
}
func (s *state) fail(format string, values ...any) {
	s.world.logText(levelError, fmt.Sprintf(format, values...))
}
