package cluster

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// clusterCommand is the cmd of every message of this package.
const clusterCommand = "NODE_CLUSTER"

// What a message is about, in its field act.
const (
	actOnline                = "online"
	actQueryServer           = "queryServer"
	actListening             = "listening"
	actClose                 = "close"
	actExitedAfterDisconnect = "exitedAfterDisconnect"
	actNewConnection         = "newconn"
	actDisconnect            = "disconnect"
)

// fromWorker is any message of a worker. Fields are kept raw where Node makes a difference between what is null,
// what is absent, and a value.
type fromWorker struct {
	Command     string          `json:"cmd"`
	Act         string          `json:"act"`
	Ack         *uint32         `json:"ack"`
	Accepted    bool            `json:"accepted"`
	Seq         json.RawMessage `json:"seq"`
	Key         string          `json:"key"`
	Address     json.RawMessage `json:"address"`
	Port        json.RawMessage `json:"port"`
	AddressType json.RawMessage `json:"addressType"`
	FD          json.RawMessage `json:"fd"`
	Index       json.RawMessage `json:"index"`
	Data        json.RawMessage `json:"data"`
	Flags       json.RawMessage `json:"flags"`
	Backlog     json.RawMessage `json:"backlog"`
	ReadableAll json.RawMessage `json:"readableAll"`
	WritableAll json.RawMessage `json:"writableAll"`
}

// toWorker is any message to a worker but newconn and the reply to queryServer.
type toWorker struct {
	Command string          `json:"cmd"`
	Act     string          `json:"act,omitempty"`
	Ack     json.RawMessage `json:"ack,omitempty"`
	Seq     uint32          `json:"seq"`
}

// newConnection goes with a connection.
type newConnection struct {
	Command string `json:"cmd"`
	Act     string `json:"act"`
	Key     string `json:"key"`
	Seq     uint32 `json:"seq"`
}

// serverReply answers queryServer.
type serverReply struct {
	Command  string          `json:"cmd"`
	Errno    *int            `json:"errno"`
	Key      string          `json:"key"`
	Ack      json.RawMessage `json:"ack"`
	Data     json.RawMessage `json:"data"`
	SockName *sockName       `json:"sockname,omitempty"`
	Seq      uint32          `json:"seq"`
}

// sockName is where a server listens, as Node's getsockname has it.
type sockName struct {
	Address string `json:"address"`
	Family  string `json:"family"`
	Port    int    `json:"port"`
}

// text is a value as JavaScript writes it into a string.
func text(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "undefined"
	}
	var s string
	if json.Unmarshal(raw, &s) == nil && raw[0] == '"' {
		return s
	}
	return string(raw)
}

// integer is a number without its fraction, or otherwise where there is none that a system call could mean. A UDP
// server's port comes as the program gave it, which is a string where it was read from the environment.
func integer(raw json.RawMessage, otherwise int) int {
	n, err := strconv.ParseFloat(text(raw), 64)
	if err != nil || !(math.Abs(n) <= math.MaxInt32) {
		return otherwise
	}
	return int(n)
}

// isTrue says whether a value is true, and not only as good as true.
func isTrue(raw json.RawMessage) bool { return string(raw) == "true" }

// stringOrEmpty is a string, or nothing where there is none.
func stringOrEmpty(raw json.RawMessage) string {
	var s string
	json.Unmarshal(raw, &s)
	return s
}

// isDeeper says whether arrays and objects are nested in a value in more than so many levels.
func isDeeper(raw json.RawMessage, levels int) bool {
	tokens := json.NewDecoder(bytes.NewReader(raw))
	for depth := 0; depth <= levels; {
		token, err := tokens.Token()
		if err != nil {
			return false
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return true
}
