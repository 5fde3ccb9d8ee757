package worker

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// ticketData is what TLS servers of Node's put into the data of their queryServer, and get back from the primary as the
// first one has put it.
type ticketData struct {
	TicketKeys string `json:"ticketKeys"`
}

// ticketKeysSize is how many bytes of keys Node has.
const ticketKeysSize = 48

func newTicketKeys() json.RawMessage {
	var keys [ticketKeysSize]byte
	rand.Read(keys[:])
	data, _ := json.Marshal(ticketData{hex.EncodeToString(keys[:])})
	return data
}

// withTicketKeys gives a configuration whose session tickets any worker with the same data can read.
func withTicketKeys(config *tls.Config, data json.RawMessage) (*tls.Config, error) {
	var tickets ticketData
	if err := json.Unmarshal(data, &tickets); err != nil {
		return nil, fmt.Errorf("worker: the primary's TLS session ticket keys: %w", err)
	}
	keys, err := hex.DecodeString(tickets.TicketKeys)
	if err != nil || len(keys) == 0 {
		return nil, fmt.Errorf("worker: the primary's TLS session ticket keys are not %d bytes in hexadecimal", ticketKeysSize)
	}
	config = config.Clone()
	config.SetSessionTicketKeys([][32]byte{sha256.Sum256(keys)})
	return config, nil
}
