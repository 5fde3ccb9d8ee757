package cluster

import (
	"slices"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// adoptedChannel is the handler of the channel of an adopted worker: it takes what is this primary's, and passes on the rest. All methods of
// this file run on the primary's loop.
type adoptedChannel struct{ workerChannel }

func (c adoptedChannel) HandleInternal(m nodeipc.Message) {
	w := c.worker
	if ack, accepted, ok := wire.ReadAnswer(m.Payload()); ok {
		if !w.answered(ack, accepted) {
			c.passOn()
		}
		return
	}
	var message wire.FromWorker
	if ok, _ := checkSize(m.Payload()); !ok || m.Decode(&message) != nil || message.Command != wire.Command || !c.take(&message) {
		c.passOn()
	}
}

func (c adoptedChannel) passOn() {
	channel := c.worker.onLoop.channel
	channel.Forward(channel.Frame())
}

// take reports whether a message is for this primary alone. Of the others it notes what has happened to the worker.
func (c adoptedChannel) take(m *wire.FromWorker) bool {
	w := c.worker
	if m.Ack != nil {
		return w.answered(*m.Ack, m.Accepted)
	}
	switch m.Act {
	case wire.ActQueryServer:
		if checkServer(m) != nil {
			return false
		}
		m.Frame = slices.Clone(w.onLoop.channel.Frame())
		w.answerOrKeep(m)
		return true
	case wire.ActClose:
		if !w.onLoop.adoption.served[m.Key] {
			return false
		}
		delete(w.onLoop.adoption.served, m.Key)
		w.closes(m.Key)
		return true
	case wire.ActOnline:
		w.isOnline()
	case wire.ActListening:
		w.isListening(m)
	case wire.ActExitedAfterDisconnect:
		w.leavesByItself()
	}
	return false
}

func (c adoptedChannel) HandleDisconnect(err error) {
	w := c.worker
	w.disconnected(err)
	w.life.make(goExit)
	w.onLoop.adoption.parent.Disconnect()
	w.primary.settle(w)
}

// adoptingChannel is the handler of the channel to the primary of an adopted worker.
type adoptingChannel struct{ adoption *adoption }

func (c adoptingChannel) HandleOpen(channel nodeipc.LoopChannel) { c.adoption.primary = channel }

func (c adoptingChannel) HandleInternal(m nodeipc.Message) {
	frame := c.adoption.primary.Frame()
	var message struct {
		Command string `json:"cmd"`
		Act     string `json:"act"`
	}
	if m.Decode(&message) == nil && message.Command == wire.Command && message.Act == wire.ActDisconnect {
		c.adoption.leave(frame)
		return
	}
	c.adoption.primary.Forward(frame)
}

// HandleDisconnect has the worker get no more, and its channel end once it has got what was said before.
func (c adoptingChannel) HandleDisconnect(error) {
	w := c.adoption.worker
	if w.child == nil {
		return // the worker could not be adopted
	}
	w.endDrain()
	w.retireAll()
	w.child.Disconnect()
}

// HandleMessage is not called: all messages are passed on.
func (adoptingChannel) HandleMessage(m nodeipc.Message) {
	if m.Handle != nil {
		m.Handle.Close()
	}
}

func (adoptingChannel) HandleNACK(uint32) {}

func (adoptingChannel) HandleWritable() {}
