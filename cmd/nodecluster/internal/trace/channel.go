package trace

import (
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// channel is one that is traced: the observer of its relay.
type channel struct {
	log     *log
	summary *summary
	number  int
	report  report
	answers answers
	begun   chan struct{} // closed once the log has it
	ended   chan struct{} // closed once it has the end of what the child sends
}

// message is a frame with what the tracer has found out about it.
type message struct {
	*relay.Frame
	fields  fields
	answers string        // the label of what it answers
	latency time.Duration // since that
}

// ending is the end of one direction of a channel.
type ending struct{ relay.End }

// begin has the log know of the channel, before which nothing is told of it.
func (c *channel) begin() {
	c.log.add(time.Now(), c.log.format.started(c))
	close(c.begun)
}

// HandleFrame is the relay's call.
func (c *channel) HandleFrame(f *relay.Frame) {
	<-c.begun
	m := &message{Frame: f, fields: fieldsOf(f, c.advanced())}
	c.answers.take(m)
	c.summary.take(m)
	c.log.add(f.Time, c.log.format.message(c, m))
}

// HandleEnd is the relay's call. The end of one direction ends the other, of which there is nothing to say then.
func (c *channel) HandleEnd(e relay.End) {
	<-c.begun
	if e.Direction == relay.FromChild {
		defer close(c.ended)
	}
	if e.Err == nodeipc.ErrDisconnected && e.Partial == 0 {
		return
	}
	c.log.add(e.Time, c.log.format.ended(c, &ending{e}))
}

// exit tells of the end of the child.
func (c *channel) exit(e tracing.Exit) { c.log.add(time.Now(), c.log.format.exited(c, e)) }

func (c *channel) advanced() bool { return c.report.Serialization == nodeipc.Advanced }
