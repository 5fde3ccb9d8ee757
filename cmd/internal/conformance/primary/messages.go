//go:build linux

package main

import (
	"context"
	"encoding/json"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// outgoing is a message of the test's to a worker, which is passed on as it is.
type outgoing[M any] struct {
	Worker   int  `json:"worker"`
	Number   int  `json:"number"`
	KeepOpen bool `json:"keepOpen"`
	Message  M    `json:"message"`
}

// decode reads a message of the test's.
func (b *bridge) decode(m nodeipc.Message) (outgoing[any], error) {
	if b.wire == nodeipc.Advanced {
		return decodeAs[structuredclone.RawMessage](m)
	}
	return decodeAs[json.RawMessage](m)
}

func decodeAs[M any](m nodeipc.Message) (outgoing[any], error) {
	var o outgoing[M]
	err := m.Decode(&o)
	return outgoing[any]{o.Worker, o.Number, o.KeepOpen, o.Message}, err
}

func (b *bridge) send(w *worker, o outgoing[any], m nodeipc.Message) {
	ctx, h := context.Background(), m.Handle
	var err error
	switch {
	case h == nil:
		err = w.Send(ctx, o.Message)
	case o.KeepOpen:
		err = w.SendHandleKeepOpen(ctx, o.Message, h)
		h.Close()
	default:
		if err = w.SendHandle(ctx, o.Message, h); err != nil {
			h.Close()
		}
	}
	b.tell(sentEvent{"sent", o.Number, failureOf(err)})
}

// pass gives the test's process a worker's message, and the handle with it.
func (b *bridge) pass(e cluster.MessageEvent) {
	told := messageEvent{Event: "message", Worker: e.Worker.ID(), Message: json.RawMessage(e.Message.Payload())}
	if b.wire == nodeipc.Advanced {
		told.Message = structuredclone.RawMessage(e.Message.Payload())
	}
	h := e.Message.Handle
	if h == nil {
		b.tell(told)
	} else if err := b.channel.SendHandle(context.Background(), told, h); err != nil {
		h.Close()
	}
}
