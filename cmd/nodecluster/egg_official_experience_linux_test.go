package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eggLine is a line of what a process of the shop has experienced.
type eggLine struct {
	Event   string
	Message json.RawMessage
	Handle  string
	PID     int
	PPID    int
	Role    string
	ID      int

	raw map[string]any // all of it
}

// action and data are those of a message of Egg's, or the zero values.
func (l eggLine) action() (action string, data json.RawMessage) {
	var m struct {
		Action string
		Data   json.RawMessage
	}
	if l.Event != "message" || json.Unmarshal(l.Message, &m) != nil {
		return "", nil
	}
	return m.Action, m.Data
}

// eggProcess is a process of the shop: "app" and its number in the cluster, or "agent" and how many agents there were with it.
type eggProcess struct {
	role  string
	pid   int
	began time.Time
	lines []eggLine
}

// has reports whether there is a line for which is holds.
func (p *eggProcess) has(is func(eggLine) bool) bool { return p.count(is) > 0 }

func (p *eggProcess) count(is func(eggLine) bool) (n int) {
	if p == nil {
		return 0
	}
	for _, l := range p.lines {
		if is(l) {
			n++
		}
	}
	return n
}

// isEvent is for has.
func isEvent(name string) func(eggLine) bool { return func(l eggLine) bool { return l.Event == name } }

// isMessage is for has.
func isMessage(wanted string) func(eggLine) bool {
	return func(l eggLine) bool {
		action, _ := l.action()
		return action == wanted
	}
}

// readExperiences reads what all processes have written into a folder so far, by their roles.
func readExperiences(folder string) map[string]*eggProcess {
	files, _ := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	var agents []*eggProcess
	processes := map[string]*eggProcess{}
	for _, file := range files {
		p := readExperience(file)
		if p == nil {
			continue
		}
		if p.role == "agent" {
			agents = append(agents, p)
			continue
		}
		processes[p.role] = p
	}
	slices.SortFunc(agents, func(a, b *eggProcess) int { return a.began.Compare(b.began) })
	for i, p := range agents {
		p.role = "agent" + strconv.Itoa(i+1)
		processes[p.role] = p
	}
	return processes
}

// readExperience gives nil for a file that has no whole line yet.
func readExperience(file string) *eggProcess {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	p := &eggProcess{}
	for line := range bytes.Lines(text) {
		var l eggLine
		if json.Unmarshal(line, &l) != nil {
			break // its end is not written yet
		}
		json.Unmarshal(line, &l.raw)
		p.lines = append(p.lines, l)
	}
	if len(p.lines) == 0 {
		return nil
	}
	start := p.lines[0]
	p.pid, p.role = start.PID, start.Role
	p.began = time.UnixMilli(int64(start.raw["time"].(float64)))
	if p.role == "app" {
		p.role = fmt.Sprint("app", start.ID)
	}
	return p
}

// An eggNaming gives what differs from run to run the same name in each.
type eggNaming struct {
	texts *strings.Replacer // paths and addresses
	pids  map[int]string
	ports map[int]string
}

// keysOfPIDs are those of members that hold a process id, as a number or as text.
var keysOfPIDs = []string{"pid", "ppid", "receiverPid", "receiverWorkerId", "senderPid", "senderWorkerId", "workerId", "egg-pids", "args"}

// name renames what is below a key. Key "egg-pids" stands for the data of such a message.
func (n eggNaming) name(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		named := map[string]any{}
		for k, member := range v {
			if k == "data" && v["action"] == "egg-pids" {
				k = "egg-pids"
			}
			named[k] = n.name(k, member)
		}
		return named
	case []any:
		named := make([]any, len(v))
		for i, element := range v {
			named[i] = n.name(key, element)
		}
		return named
	case string:
		if pid, err := strconv.Atoi(v); err == nil && slices.Contains(keysOfPIDs, key) {
			return n.pid(pid, v)
		}
		if key == "id" {
			return "an id"
		}
		return n.texts.Replace(v)
	case float64:
		return n.number(key, v)
	}
	return v
}

func (n eggNaming) number(key string, v float64) any {
	if slices.Contains(keysOfPIDs, key) {
		return n.pid(int(v), v)
	}
	switch {
	case key == "clusterPort" || key == "stickyWorkerPort":
		return "a port"
	case key == "rt" || key == "time":
		return "a time"
	case n.ports[int(v)] != "":
		return n.ports[int(v)]
	case key == "port":
		return "a port"
	}
	return v
}

func (n eggNaming) pid(pid int, v any) any {
	if role := n.pids[pid]; role != "" {
		return role
	}
	return v
}

// line is a line as it is compared.
func (n eggNaming) line(event string, details any) string {
	text, err := json.Marshal(n.name("", details))
	if err != nil {
		panic(err)
	}
	if string(text) == "{}" {
		return event
	}
	return event + " " + string(text)
}

// aside are the events whose place among the messages is up to the process itself, and not to its master.
var aside = []string{"task", "serverDidReady", "price"}

// reported are the actions of messages that apps send to the agent without waiting for each other.
var reported = []string{"egg-schedule", "leaving", "may I go"}

// told gives what a process has experienced, as it is compared: the events aside come last.
func (n eggNaming) told(p *eggProcess) (lines []string) {
	var last, reports []string
	flush := func() { // two apps report to the agent in either order
		slices.Sort(reports)
		lines, reports = append(lines, reports...), nil
	}
	for _, l := range p.lines {
		delete(l.raw, "event")
		line := n.line(l.Event, l.raw)
		action, _ := l.action()
		switch {
		case slices.Contains(aside, l.Event):
			last = append(last, line)
		case slices.Contains(reported, action) && strings.HasPrefix(p.role, "agent"):
			reports = append(reports, line)
		default:
			flush()
			lines = append(lines, line)
		}
	}
	flush()
	slices.Sort(last)
	return append(lines, last...)
}
