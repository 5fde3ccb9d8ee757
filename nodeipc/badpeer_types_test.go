//go:build unix

package nodeipc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// channelMessages are the messages of the channel's own, in which every field is to have every wrong type.
var channelMessages = []map[string]any{
	{"cmd": "NODE_HANDLE", "type": "net.Native", "msg": "m", "key": "k", "dgramType": "udp4"},
	{"cmd": "NODE_HANDLE", "type": "net.Socket", "msg": "m", "key": "k", "dgramType": "udp4"},
	{"cmd": "NODE_HANDLE_ACK", "more": 1},
	{"cmd": "NODE_HANDLE_NACK", "more": 1},
	{"cmd": "NODE_SOCKET_NOTIFY_CLOSE", "key": "k"},
	{"cmd": "NODE_SOCKET_ALL_CLOSED", "key": "k"},
	{"cmd": "NODE_SOCKET_GET_COUNT", "key": "k"},
	{"cmd": "NODE_SOCKET_COUNT", "key": "k", "count": 1},
	{"cmd": "NODE_OTHER", "more": 1},
}

// absent is a field that is not there.
type absent struct{}

// wrongTypes are values of every type that the serializations know, by what they are.
func wrongTypes(s nodeipc.Serialization) map[string]any {
	values := map[string]any{
		"absent": absent{}, "null": nil, "true": true, "0": 0, "-1": -1, "1.5": 1.5, "1e300": 1e300, "empty text": "", "text": "text",
		"NUL": "\x00", "array": []any{1}, "object": map[string]any{"a": 1}, "cmd": map[string]any{"cmd": "NODE_HANDLE_ACK"},
	}
	if s == nodeipc.Advanced {
		object := &structuredclone.Object{}
		object.Properties = []structuredclone.Property{{Key: "a", Value: object}}
		maps.Copy(values, map[string]any{
			"undefined": structuredclone.Undefined{}, "BigInt": big.NewInt(1), "NaN": math.NaN(), "Date": time.Unix(0, 0), "Buffer": []byte("text"),
			"Map": &structuredclone.Map{}, "Set": &structuredclone.Set{}, "Error": errors.New("text"), "cycle": object,
		})
	}
	return values
}

// Every field of every message of the channel's own has every wrong type. The channel goes on, or ends in an error
// that says so, the descriptor is closed, and others go on.
func TestWrongTypesInEveryField(t *testing.T) {
	eachSerialization(t, func(t *testing.T, s nodeipc.Serialization) {
		for _, message := range channelMessages {
			for _, field := range slices.Sorted(maps.Keys(message)) {
				t.Run(fmt.Sprintf("%s %s", message["cmd"], field), func(t *testing.T) {
					nodetest.NoLeaks(t)
					loop := newLoop(t)
					expectGood := besides(t, loop)
					for what, value := range wrongTypes(s) {
						t.Run(what, func(t *testing.T) {
							c, p := newRawPeer(t, nodeipc.Options{Serialization: s, Loop: loop})
							p.writeValue(with(message, field, value))
							if !endsWith(message["cmd"].(string), field, what) {
								expectStillThere(t, c, p)
								return
							}
							expectEnd(t, c, nodeipc.ErrProtocol)
							expectOneLine(t, c.Err(), "")
						})
					}
					expectGood()
				})
			}
		}
	})
}

// endsWith reports whether a channel ends when a field of a message is such a value.
func endsWith(command, field, what string) bool {
	isText := what == "text" || what == "empty text" || what == "NUL"
	isNothing := what == "absent" || what == "null" || what == "undefined"
	switch {
	case field == "cmd":
		return false // it is the user's message then
	case command == "NODE_HANDLE_ACK" || command == "NODE_HANDLE_NACK":
		return true // there is no handle that it could be for
	case command == "NODE_OTHER":
		return false
	case field == "type":
		return true
	case field == "msg":
		return what == "absent" || what == "cmd"
	case field == "count":
		return !isNothing && what != "0" && what != "-1" && what != "BigInt"
	}
	return !isText && !isNothing
}

// with is a message with one field changed.
func with(message map[string]any, field string, value any) map[string]any {
	changed := maps.Clone(message)
	changed[field] = value
	if value == (absent{}) {
		delete(changed, field)
	}
	return changed
}

// writeValue writes a message, cmd first as Node does, with a descriptor beside it.
func (p *rawPeer) writeValue(message map[string]any) {
	p.t.Helper()
	if p.codec == codec.Advanced {
		o := &structuredclone.Object{}
		for _, key := range fieldsInOrder(message) {
			o.Properties = append(o.Properties, structuredclone.Property{Key: key, Value: message[key]})
		}
		frame, err := p.codec.AppendFrame(nil, 2, o)
		if err != nil {
			p.t.Fatal(err)
		}
		p.writeRawCopies(string(frame), 1)
		return
	}
	text, err := json.Marshal(message)
	if err != nil {
		p.t.Fatal(err)
	}
	p.writeRawCopies(string(text)+"\n", 1)
}

func fieldsInOrder(message map[string]any) []string {
	fields := slices.Sorted(maps.Keys(message))
	if i := slices.Index(fields, "cmd"); i > 0 {
		fields = slices.Insert(slices.Delete(fields, i, i+1), 0, "cmd")
	}
	return fields
}
