package egg

import "github.com/nodecluster/nodecluster/cluster"

// A batch is the messages to app workers that the messages of one process lead to. Where several of these have come together, what they lead to is
// written together too: a write is what a message costs.
type batch struct {
	more   bool // the process has said something else already
	said   int  // how many of its messages have led to what is not written
	corked []*cluster.Worker
}

// maxSaid is how many messages of a process are waited for at most, so that one that goes on keeps nobody waiting.
const maxSaid = 16

// prepare is called before a message to an app worker.
func (b *batch) prepare(w *cluster.Worker) {
	if b.more {
		w.Cork()
		b.corked = append(b.corked, w)
	}
}

// send writes all.
func (b *batch) send() {
	for _, w := range b.corked {
		w.Uncork()
	}
	clear(b.corked)
	b.corked, b.said = b.corked[:0], 0
}

// doOneOf makes a move for a message of a process, of which others may be there already.
func (m *Master) doOneOf(from interface{ HasMessages() bool }, move func()) {
	m.do(func() {
		b := &m.batch
		b.said++
		b.more = b.said < maxSaid && from.HasMessages()
		move()
		if !b.more {
			b.send()
		}
		b.more = false
	})
}
