package relay

import (
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// Options says how a relay works.
type Options struct {
	// Serialization is that of the channel. The default is JSON. With the wrong one everything still passes, but is
	// not understood, and a descriptor may end up beside another byte.
	Serialization nodeipc.Serialization
	// MaxPayload is how much of a message the observer gets to see; 1 MiB by default.
	MaxPayload int
	// Observer is told of what passes, if there is one.
	Observer Observer
}

// A Relay stands between the two ends of a channel and passes on what they send. Start makes one.
type Relay struct {
	codec    codec.Codec
	observer Observer
	acks     acks
	ends     []*end
	ways     sync.WaitGroup
	ended    atomic.Bool // by End
	done     chan struct{}
}

// nobody is the observer of a relay that has none.
type nobody struct{}

func (nobody) HandleFrame(*Frame) {}
func (nobody) HandleEnd(End)      {}

// Start begins to pass on what comes from either of two sockets: parent, whose other end the parent of the channel
// has, and child, whose other end the child has. The sockets are the relay's then; they are still the caller's when
// it fails, which is where one of them is no stream socket, the serialization is not known or the platform cannot.
func Start(parent, child int, o Options) (*Relay, error) {
	codec, err := codecFor(o.Serialization)
	if err != nil {
		return nil, err
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 1 << 20
	}
	r := &Relay{codec: codec, observer: o.Observer, done: make(chan struct{})}
	if r.observer == nil {
		r.observer = nobody{}
	}
	if err := r.start(parent, child, splitter{advanced: o.Serialization == nodeipc.Advanced, most: o.MaxPayload}); err != nil {
		return nil, err
	}
	return r, nil
}

// Done is closed when both directions have ended and the sockets are closed.
func (r *Relay) Done() <-chan struct{} { return r.done }

// End takes both processes as ended, also where another process has copies of their sockets: what they have sent before is still told
// to the observer, and then the channel ends. Systems other than Linux drop what the relay has not read by then. End does not wait, and
// may be called twice, or after the end.
func (r *Relay) End() {
	r.ended.Store(true)
	r.shutdownEnds()
}

// Close ends the channel for both processes at once and waits for that. It is safe to call twice, but not by an
// observer.
func (r *Relay) Close() error {
	r.closeEnds()
	<-r.done
	return nil
}
