//go:build unix

package clustertest

import (
	"encoding/binary"
	"encoding/json"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// AdvancedFrame is a message, of which line is the JSON, as it is on an advanced channel.
func AdvancedFrame(line string) (string, error) {
	payload, err := structuredclone.Marshal(json.RawMessage(line))
	return Framed(string(payload)), err
}

// Framed is a payload as it is on an advanced channel.
func Framed(payload string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(payload)))) + payload
}
