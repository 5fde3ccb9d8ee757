package relay

import (
	"bytes"
	"fmt"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

var kinds = map[codec.Kind]Kind{
	codec.User:     User,
	codec.Internal: Internal,
	codec.Handle:   HandleMessage,
	codec.ACK:      ACK,
	codec.NACK:     NACK,
	codec.Socket:   Socket,
	codec.Nothing:  Nothing,
}

func codecFor(s nodeipc.Serialization) (codec.Codec, error) {
	switch s {
	case "", nodeipc.JSON:
		return codec.JSON, nil
	case nodeipc.Advanced:
		return codec.Advanced, nil
	}
	return nil, fmt.Errorf("relay: serialization %q is not known; use %q or %q", s, nodeipc.JSON, nodeipc.Advanced)
}

// classify says what a frame holds: f has its payload.
func classify(c codec.Codec, f *Frame) {
	f.Payload, _, _ = c.DetectDialect(f.Payload)
	if f.Truncated {
		f.Kind = kindOfBeginning(c, f.Payload)
		return
	}
	kind, err := c.Classify(f.Payload)
	if err != nil {
		f.Kind, f.Err = Broken, err
		return
	}
	f.Kind = kinds[kind]
	if f.Kind == HandleMessage {
		e, _, err := c.Open(f.Payload)
		if f.Type = handlewrap.Type(e.Type); err != nil {
			f.Kind, f.Err = Broken, err
		}
	}
}

// kindOfBeginning is for a message that is not all there, of which Node writes what it is at its beginning.
func kindOfBeginning(c codec.Codec, payload []byte) Kind {
	command, _ := structuredclone.Lookup(payload, "cmd")
	if c == codec.JSON {
		rest, _ := bytes.CutPrefix(payload, []byte(`{"cmd":"`))
		word, _, _ := bytes.Cut(rest[:min(len(rest), 32)], []byte(`"`))
		command = string(word)
	}
	switch {
	case command == "NODE_HANDLE":
		return HandleMessage
	case len(command) > len("NODE_") && command[:len("NODE_")] == "NODE_":
		return Internal
	}
	return User
}

// bunHandle ends a message that Bun sends a handle with.
var bunHandle = []byte(`,"$hasHandle":true}`)

// takesHandle reports whether a descriptor belongs to a message.
func takesHandle(c codec.Codec, payload []byte) bool {
	payload, _, _ = c.DetectDialect(payload)
	kind, err := c.Classify(payload)
	return err == nil && (kind == codec.Handle || bytes.HasSuffix(payload, bunHandle))
}
