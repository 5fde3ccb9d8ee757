package egg

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster/internal/rawjson"
)

// A role is what a process is in an application of Egg.
type role string

const (
	roleMaster role = "master"
	roleAgent  role = "agent"
	roleApp    role = "app"
	roleParent role = "parent"
)

// otherwise is who gets a message that does not say it, by who has sent it.
var otherwise = map[role]role{roleAgent: roleApp, roleApp: roleAgent, roleParent: roleMaster}

// delivery is what becomes of a message.
type delivery struct {
	to role
	// pid is which app worker alone gets it; 0 stands for all of them.
	pid int
	// message is as it is passed on: the sender's, but for from and to.
	message json.RawMessage
	// action and data are for the master.
	action string
	data   json.RawMessage
}

// A messenger knows the processes by which a message may name its receiver.
type messenger struct{ masterPid, agentPid int }

// span is where something begins and ends in a text.
type span struct{ begin, end int }

func (s span) of(text []byte) []byte { return text[s.begin:s.end] }

// envelope is what is looked at of a message. The value of a key that comes twice is the last, as in JavaScript.
type envelope struct {
	action, to, from, receiverPid, receiverWorkerID, data span
}

// route says who gets a message, which is valid JSON, of a sender that has this role. It reports false for a message that nobody gets: what is
// neither a text nor an object, and what names a receiver that there is not.
func (m messenger) route(message []byte, from role) (delivery, bool) {
	text := asObject(message)
	if text == nil {
		return delivery{}, false
	}
	e := open(text)
	d := delivery{to: role(decodeText(e.to.of(text))), action: decodeText(e.action.of(text)), data: e.data.of(text)}
	if !isTrue(e.to.of(text)) {
		d.to = otherwise[from]
	}
	if receiver := e.receiver(text); isTrue(receiver) {
		d.to, d.pid = m.receiver(decodeText(receiver))
	}
	switch d.to {
	case roleMaster, roleAgent, roleParent, roleApp:
		d.message = e.readdress(text, from, d.to)
		return d, true
	default:
		return delivery{}, false
	}
}

// nobody is a pid that no process has.
const nobody = -1

// receiver is who has a pid that was written as a text. What is no such text is the pid of nobody.
func (m messenger) receiver(text string) (role, int) {
	switch pid, err := strconv.Atoi(text); {
	case err != nil || pid <= 0 || strconv.Itoa(pid) != text:
		return roleApp, nobody
	case pid == m.masterPid:
		return roleMaster, 0
	case pid == m.agentPid:
		return roleAgent, 0
	default:
		return roleApp, pid
	}
}

// asObject is a message as an object: a text is an action that is its own data. It is nil for what is neither.
func asObject(message []byte) []byte {
	i := rawjson.SkipSpace(message, 0)
	if i == len(message) {
		return nil
	}
	switch message[i] {
	case '{':
		return message[i:]
	case '"':
		text := message[i:rawjson.SkipValue(message, i)]
		return slices.Concat([]byte(`{"action":`), text, []byte(`,"data":`), text, []byte("}"))
	default:
		return nil
	}
}

func open(text []byte) (e envelope) {
	for m := range rawjson.Members(text) {
		value := span{m.Begin, m.Begin + len(m.Value)}
		switch rawjson.Text(m.Key) {
		case "action":
			e.action = value
		case "to":
			e.to = value
		case "from":
			e.from = value
		case "receiverPid":
			e.receiverPid = value
		case "receiverWorkerId":
			e.receiverWorkerID = value
		case "data":
			e.data = value
		}
	}
	return e
}

// receiver is the value that names one process: Egg 4's, or Egg 3's where that is not there.
func (e envelope) receiver(text []byte) []byte {
	if id := e.receiverWorkerID.of(text); len(id) > 0 && string(id) != "null" {
		return id
	}
	return e.receiverPid.of(text)
}

// readdress writes the message with who has sent it and who gets it.
func (e envelope) readdress(text []byte, from, to role) json.RawMessage {
	changes := make([]change, 0, 2)
	added := make([]byte, 0, 32)
	for _, member := range []struct {
		key   string
		at    span
		value role
	}{{"from", e.from, from}, {"to", e.to, to}} {
		if member.at.end > 0 {
			changes = append(changes, change{member.at, member.value})
			continue
		}
		added = append(added, `"`+member.key+`":"`+string(member.value)+`",`...)
	}
	slices.SortFunc(changes, func(a, b change) int { return a.at.begin - b.at.begin })
	if i := rawjson.SkipSpace(text, 1); text[i] == '}' {
		added = added[:len(added)-1] // an empty object has nothing that follows
	}
	out := make([]byte, 0, len(text)+len(added)+16)
	out = append(append(out, '{'), added...)
	at := 1
	for _, c := range changes {
		out = append(out, text[at:c.at.begin]...)
		out = append(append(append(out, '"'), c.value...), '"')
		at = c.at.end
	}
	return append(out, text[at:]...)
}

// change is another value for a member.
type change struct {
	at    span
	value role
}

// decodeText is the text that a JSON value is, "" for any other value.
func decodeText(value []byte) (text string) {
	if len(value) > 0 && value[0] == '"' {
		json.Unmarshal(value, &text)
	}
	return text
}

// isTrue reports whether JavaScript takes a JSON value for true, with one that is not there for false.
func isTrue(value []byte) bool {
	switch string(value) {
	case "", "null", "false", `""`:
		return false
	}
	if n, err := strconv.ParseFloat(string(value), 64); err == nil && n == 0 {
		return false
	}
	return true
}
