//go:build unix

package main

import (
	"github.com/nodecluster/nodecluster/nodeipc"
)

// handler answers on the channel's loop.
type handler struct {
	parent  *parent
	channel nodeipc.LoopChannel
	err     error
}

// handle is the way of a [nodeipc.Handler].
func (p *parent) handle() error {
	h := &handler{parent: p}
	child, err := p.start(nodeipc.Options{Handler: h})
	if err != nil {
		return err
	}
	if _, err := child.Wait(); err != nil {
		return err
	}
	return h.err
}

// HandleOpen learns how to answer.
func (h *handler) HandleOpen(c nodeipc.LoopChannel) { h.channel = c }

// HandleStart sends the first messages.
func (h *handler) HandleStart(*nodeipc.Child) {
	for range h.parent.turn.InFlight {
		h.send()
	}
}

// HandleMessage takes one and sends the next.
func (h *handler) HandleMessage(m nodeipc.Message) {
	if err := h.parent.check(m); err != nil {
		h.fail(err)
		return
	}
	h.send()
}

func (h *handler) send() {
	if err := h.channel.Post(h.parent.message, nil); err != nil {
		h.fail(err)
	}
}

// fail ends the child, which the clock would have ended.
func (h *handler) fail(err error) {
	if h.err == nil {
		h.err = err
		h.channel.Fail(err)
	}
}

// HandleExit, and what follows, has nothing to do in a parent that only counts.
func (h *handler) HandleExit(nodeipc.ExitStatus) {}

// HandleInternal: the child sends no such message.
func (h *handler) HandleInternal(nodeipc.Message) {}

// HandleNACK: no handle is sent.
func (h *handler) HandleNACK(uint32) {}

// HandleWritable: nothing is offered.
func (h *handler) HandleWritable() {}

// HandleDisconnect: the clock has ended the child.
func (h *handler) HandleDisconnect(error) {}
