package nodeipc

import (
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// Serialization is how messages are written on a channel, as Node's option of that name says it.
type Serialization string

const (
	// JSON writes one line of JSON a message. It is Node's default, and the zero value's meaning.
	JSON Serialization = "json"
	// Advanced writes V8's structured clone format, which knows more of JavaScript's types than JSON: see package
	// structuredclone for what is what in Go.
	Advanced Serialization = "advanced"
)

func codecFor(s Serialization) (codec.Codec, error) {
	switch s {
	case "", JSON:
		return codec.JSON, nil
	case Advanced:
		return codec.Advanced, nil
	}
	return nil, fmt.Errorf("nodeipc: serialization %q is not known; use %q or %q", s, JSON, Advanced)
}
