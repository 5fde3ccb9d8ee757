package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// Advanced is V8's structured clone format, each message behind its length.
var Advanced Codec = advancedCodec{}

// advancedCodec writes the version of the format that the peer writes, and before the first message of the peer the oldest
// version: all runtimes read it, and Node 16 reads no other.
type advancedCodec struct{}

const (
	lengthSize = 4
	headerSize = 2 // of a payload: a byte that never changes, and the version

	oldestVersion = 13
	latestVersion = 15 // that this end writes
	newestRead    = 16 // Deno's
)

// What follows the header in Node's own messages, whose first key is cmd.
var (
	advancedCluster = advancedString(`o"`+"\x03cmd", "NODE_CLUSTER")
	advancedCommand = []byte(`o"` + "\x03cmd\"") // and the length of its value
	advancedACK     = append(advancedString(`o"`+"\x03cmd", "NODE_HANDLE_ACK"), "{\x01"...)
)

// advancedString returns some bytes and then a string of fewer than 128 characters.
func advancedString(before, s string) []byte {
	return append([]byte(before), append([]byte{'"', byte(len(s))}, s...)...)
}

func (advancedCodec) Cut(buf []byte, _ int) (payload []byte, size, need int) {
	if len(buf) < lengthSize {
		return nil, 0, lengthSize
	}
	length := uint64(binary.BigEndian.Uint32(buf))
	if length > math.MaxInt-lengthSize {
		return nil, 0, math.MaxInt
	}
	need = lengthSize + int(length)
	if need > len(buf) {
		return nil, 0, need
	}
	return buf[lengthSize:need:need], need, need
}

func (advancedCodec) DetectDialect(payload []byte) (unmarked []byte, d Dialect, plain bool) {
	if len(payload) < headerSize || payload[1] <= oldestVersion || payload[1] > newestRead {
		return payload, 0, false
	}
	return payload, Dialect(min(payload[1], latestVersion) - oldestVersion), false
}

func (a advancedCodec) BeginsAsUser(payload []byte, d Dialect) bool {
	if !isAdvanced(payload) {
		return true
	}
	if _, its, _ := a.DetectDialect(payload); its != 0 && its != d {
		return false
	}
	rest, ok := bytes.CutPrefix(payload[headerSize:], advancedCommand)
	return !ok || len(rest) == 0 || !bytes.HasPrefix(rest[1:], []byte(prefix))
}

func (advancedCodec) Classify(payload []byte) (Kind, error) {
	if isAdvanced(payload) {
		body := payload[headerSize:]
		if bytes.HasPrefix(body, advancedCluster) {
			return Internal, nil
		}
		if bytes.Equal(body, advancedACK) {
			return ACK, nil
		}
	}
	if err := structuredclone.Check(payload); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	var room [64]byte
	command, _ := structuredclone.AppendLookup(room[:0], payload, "cmd")
	return kindOf(string(command)), nil
}

func isAdvanced(payload []byte) bool {
	return len(payload) > headerSize && payload[0] == 0xFF && payload[1] >= oldestVersion && payload[1] <= newestRead
}

func (advancedCodec) Open(payload []byte) (e Envelope, inner []byte, err error) {
	var wrapped struct {
		Envelope
		Message structuredclone.RawMessage `json:"msg"`
	}
	if err := structuredclone.Unmarshal(payload, &wrapped); err != nil {
		return Envelope{}, nil, fmt.Errorf("%w: a handle's message: %w", ErrProtocol, err)
	}
	if wrapped.Message == nil {
		return Envelope{}, nil, fmt.Errorf("%w: a handle without a message", ErrProtocol)
	}
	return wrapped.Envelope, wrapped.Message, nil
}

func (advancedCodec) Decode(payload []byte, v any, known Known) error {
	if err := (structuredclone.Options{AliasStrings: known.Kept}).Unmarshal(payload, v); err != nil {
		return fmt.Errorf("nodeipc: decode the message: %w", err)
	}
	return nil
}
