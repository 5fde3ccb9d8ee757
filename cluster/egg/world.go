package egg

import (
	"encoding/json"
	"fmt"
	"time"
)

// outbox is that of a channel. name says whose it is.
func (m *Master) outbox(channel sender, name func() string) *outbox {
	return &outbox{channel: channel, ctx: m.ctx, writers: &m.tasks, unread: func(dropped int) {
		if dropped == 0 {
			m.log.add(levelError, "[master] "+name()+" does not read its messages, further ones are dropped")
			return
		}
		m.log.add(levelError, fmt.Sprintf("[master] %s reads its messages again, %d were dropped", name(), dropped))
	}}
}

func (m *Master) now() time.Time { return time.Now() }

func (m *Master) after(d time.Duration, move func()) {
	m.tasks.Go(func() {
		select {
		case <-time.After(d):
			m.do(move)
		case <-m.ctx.Done():
		}
	})
}

func (m *Master) logText(l level, text string) { m.log.add(l, text) }

func (m *Master) flushLog() { m.log.flush() }

func (m *Master) tellParent(message json.RawMessage) {
	if m.parent != nil {
		m.parent.Tell(message)
	}
}

func (m *Master) finish(code int) { m.code = code }
