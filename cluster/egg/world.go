package egg

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/outbox"
)

// outbox is that of a channel. name says whose it is.
func (m *Master) outbox(channel outbox.Channel, name func() string) *outbox.Outbox {
	return outbox.New(m.ctx, channel, &m.tasks, func(dropped int) {
		if dropped == 0 {
			m.log.add(levelError, "[master] "+name()+" does not read its messages, further ones are dropped")
			return
		}
		m.log.add(levelError, fmt.Sprintf("[master] %s reads its messages again, %d were dropped", name(), dropped))
	})
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

func (m *Master) finish(code int) {
	m.code = code
	close(m.over)
}
