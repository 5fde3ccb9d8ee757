package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// workerChannel is the handler of a worker's channel. All methods of this file run on the primary's loop.
type workerChannel struct{ worker *Worker }

func (c workerChannel) HandleOpen(channel nodeipc.LoopChannel) { c.worker.onLoop.channel = channel }

func (c workerChannel) HandleStart(child *nodeipc.Child) {
	w := c.worker
	w.child, w.pid = child, child.Pid()
	w.primary.onLoop.workers[w.id] = w
	if before := w.onLoop.before; before != nil && before.life.now().isGone() {
		w.onLoop.before = nil
	}
	w.inherit()
	w.primary.events.emit(ForkEvent{w})
	if !w.primary.runs(w) {
		w.kill() // Close has killed the other workers before this one was there
	}
	for _, stop := range w.primary.onLoop.stops {
		stop(w)
	}
}

func (c workerChannel) HandleMessage(m nodeipc.Message) {
	w := c.worker
	size := len(m.Payload())
	if m.Handle != nil {
		size += handleCost
	} else if on := w.primary.onMessage; on != nil {
		switch on(w, m) {
		case TakeMessage:
			return
		case PostponeMessage:
			w.primary.events.emitFor(w, PostponedEvent{w, m.Shared()}, size)
			return
		}
	}
	w.primary.events.emitFor(w, MessageEvent{w, m}, size)
}

func (c workerChannel) HandleInternal(m nodeipc.Message) {
	w := c.worker
	if m.Handle != nil {
		m.Handle.Close()
	}
	if ack, accepted, ok := wire.ReadAnswer(m.Payload()); ok {
		w.answered(ack, accepted)
		return
	}
	if ok, err := checkSize(m.Payload()); !ok {
		if err != nil {
			w.fail(err)
		}
		return
	}
	var message wire.FromWorker
	if err := m.Decode(&message); err != nil {
		w.fail(fmt.Errorf("%w: %w", nodeipc.ErrProtocol, err))
		return
	}
	if message.Command != wire.Command {
		return
	}
	if message.Ack != nil {
		w.answered(*message.Ack, message.Accepted)
		return
	}
	w.act(&message)
}

func (w *Worker) act(m *wire.FromWorker) {
	switch m.Act {
	case wire.ActOnline:
		w.isOnline()
	case wire.ActQueryServer:
		w.queryServer(m)
	case wire.ActListening:
		w.isListening(m)
	case wire.ActClose:
		w.closes(m.Key)
	case wire.ActExitedAfterDisconnect:
		w.leavesByItself()
		w.post(wire.PrimaryMessage{Command: wire.Command, Ack: m.Seq, Seq: w.primary.nextSeq()})
	}
}

func (w *Worker) isOnline() {
	w.identify()
	if w.life.make(goOnline) {
		w.limitClaims(w.primary.onLoop.graces.online)
		w.primary.events.emit(OnlineEvent{w})
		w.primary.onLoop.lag.start()
	}
}

func (w *Worker) leavesByItself() {
	w.left.Store(true)
	w.extendClaims(w.primary.onLoop.graces.leaving)
	w.endDrain()
}

func (w *Worker) isListening(m *wire.FromWorker) {
	first := w.life.now() != listening
	if !w.life.make(goListening) {
		return
	}
	if first {
		w.limitClaims(w.primary.onLoop.graces.listening)
	}
	address := addressFrom(&m.Server)
	if size := address.size(); first && size <= lifeCost {
		w.primary.events.emit(ListeningEvent{w, address})
	} else {
		w.primary.events.emitFor(w, ListeningEvent{w, address}, size)
	}
}

// HandleNACK is called when a connection did not reach the worker, because the worker has no descriptors left, say.
func (c workerChannel) HandleNACK(tag uint32) { c.worker.answered(tag, false) }

func (c workerChannel) HandleWritable() {
	w := c.worker
	for _, m := range w.onLoop.memberships {
		m.retry()
	}
	w.retryDials()
}

func (c workerChannel) HandleDisconnect(err error) {
	w := c.worker
	w.disconnected(err)
	w.primary.settle(w)
}

// disconnected is for the end of the channel.
func (w *Worker) disconnected(err error) {
	if err != nil {
		err = fmt.Errorf("cluster: the channel of worker %d: %w", w.id, err)
	}
	w.endParts()
	w.disconnectedAt = time.Now()
	if w.life.make(goDisconnect) {
		w.primary.events.emit(DisconnectEvent{w, err})
	}
}

func (c workerChannel) HandleExit(status nodeipc.ExitStatus) {
	w := c.worker
	w.status = status
	w.killRemains()
	w.primary.runsNoMore(w)
	w.endParts()
	if w.life.make(goExit) {
		w.primary.events.emit(ExitEvent{w, status})
	}
	w.primary.settle(w)
}

// endParts ends all that the worker has had a part in, when its channel or its process has ended.
func (w *Worker) endParts() {
	w.endDrain()
	w.leaveAll()
	w.bequeath()
	w.redispatchOffers()
	w.endDials()
}

// post sends the worker a message of the cluster's protocol.
func (w *Worker) post(message any) { w.postHandle(message, nil) }

// postNothing sends the worker a message without an act, which every runtime passes over. Whether it was read is seen by HasUnread.
func (w *Worker) postNothing() { w.post(w.nothing()) }

// nothing is a message without an act.
func (w *Worker) nothing() wire.PrimaryMessage {
	return wire.PrimaryMessage{Command: wire.Command, Seq: w.primary.nextSeq()}
}

func (w *Worker) postHandle(message any, h *handlewrap.Handle) {
	if err := w.onLoop.channel.Post(message, h); err != nil && !errors.Is(err, nodeipc.ErrDisconnected) {
		w.fail(err)
	}
}

// fail closes the channel of a worker that breaks the protocol or does not read. A Node process exits then.
func (w *Worker) fail(err error) { w.onLoop.channel.Fail(err) }
