//go:build unix

package cluster_test

import (
	"encoding/binary"
	"encoding/json"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// advancedFrame is a message, of which line is the JSON, as it is on an advanced channel.
func advancedFrame(line string) (string, error) {
	payload, err := structuredclone.Marshal(json.RawMessage(line))
	return framed(string(payload)), err
}

// framed is a payload as it is on an advanced channel.
func framed(payload string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(payload)))) + payload
}
