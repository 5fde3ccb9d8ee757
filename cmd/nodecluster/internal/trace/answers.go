package trace

import (
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/relay"
)

// maxAsked is how many messages of each sort may await their answers in one direction; what is asked beyond that is not
// known later. Most of cluster's messages never get an answer.
const maxAsked = 1 << 12

// asked is a message that may be answered.
type asked struct {
	label      string
	at         time.Time
	withHandle bool // it is timed to its ACK
}

// answers finds what a message answers: an ACK the oldest handle, as they come in the handles' order, and one of
// cluster's the one whose number it names.
type answers struct {
	mu      sync.Mutex
	handles [2][]string
	cluster [2]map[float64]asked
}

// take notes a message, and gives one that is an answer its latency and the label of what it answers.
func (a *answers) take(m *message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch m.Kind {
	case relay.HandleMessage:
		if sent := &a.handles[m.Direction]; len(*sent) < maxAsked {
			*sent = append(*sent, m.label())
		}
	case relay.ACK, relay.NACK:
		m.latency = m.Latency
		if sent := &a.handles[1-m.Direction]; len(*sent) > 0 {
			m.answers, *sent = (*sent)[0], (*sent)[1:]
		}
	}
	a.takeCluster(m)
}

func (a *answers) takeCluster(m *message) {
	f := m.fields.cluster()
	if f.Answered != nil {
		questions := a.cluster[1-m.Direction]
		if q, ok := questions[*f.Answered]; ok {
			delete(questions, *f.Answered)
			if m.latency = m.Time.Sub(q.at); !q.withHandle {
				m.answers = q.label
			}
		}
		return
	}
	if f.Sequence == nil || len(a.cluster[m.Direction]) >= maxAsked {
		return
	}
	if a.cluster[m.Direction] == nil {
		a.cluster[m.Direction] = map[float64]asked{}
	}
	a.cluster[m.Direction][*f.Sequence] = asked{m.label(), m.Time, m.Kind == relay.HandleMessage}
}
