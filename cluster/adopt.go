package cluster

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// AdoptOptions are what is to be known of a worker that another primary has forked. The zero value is for one whose channel has JSON.
type AdoptOptions struct {
	// Pid is the worker's process id, which [Worker.Pid] then returns. It is 0 if it is not known.
	Pid int
	// Serialization is that of both channels: of NODE_CHANNEL_SERIALIZATION_MODE in the worker's environment. "" means JSON.
	Serialization nodeipc.Serialization
	// NodeVersion is the major version of Node that both processes run, 0 if it is not known, as [nodeipc.Options] have it.
	NodeVersion int
	// BeforeListen, if not nil, is called on the primary's loop before a socket is opened for the worker, with where the worker wants to
	// listen, and must not block. It is for a process that opens sockets in the name of the worker's own primary, to take over what that
	// may do by now and where it is. With an error the worker's own primary is asked instead.
	BeforeListen func(Address) error
	// ListenFD, if not nil, returns a copy of a descriptor of the worker's own primary, on which the worker wants to listen by its number. It is
	// called on the primary's loop, which closes the file. Without it, and with an error, the worker's own primary is asked.
	ListenFD func(fd int) (*os.File, error)
}

// maxAdoptedMessage is how many bytes a message of an adopted worker or of its primary may have. Both are Node processes, which set no limit;
// V8 has no longer string.
const maxAdoptedMessage = 1 << 30

// Adopt has the primary stand between another primary, such as Node's own, and a worker that this has forked. parent is the end of the
// worker's channel that the worker was to have, and child the end of one of which the worker has the other.
//
// The worker listens, and gets its connections, as a worker of this primary does, by its scheduling policy. What this primary cannot open, as
// a port that it may not have, the worker's own is asked for. All else that the two say to each other is passed on as it is: messages and
// handles of all types, online, listening, what leads to exitedAfterDisconnect. A worker that its primary asks to leave is drained first,
// as by [Worker.Disconnect]. That may be called too; the worker's own primary then hears only that the worker has left. When one of the
// channels ends, the other does once all is passed on. Who does not read makes only the other end of its own channel wait.
//
// The worker comes with a [ForkEvent], and with the events of any worker but MessageEvents and an ExitEvent: the process is its own
// primary's to signal and to wait for, so that no signal of this primary reaches it. It is gone when its channel has ended.
//
// Both files are this primary's when Adopt returns nil, and the caller's still with an error: if they are not sockets, if the system has no
// descriptors left, and with [ErrClosed] after Close. It waits for the primary's loop, and panics on it.
func (p *Primary) Adopt(parent, child *os.File, o AdoptOptions) (*Worker, error) {
	p.mustNotWait("Adopt of a worker")
	id, err := p.enter()
	if err != nil {
		return nil, fmt.Errorf("cluster: adopt a worker: %w", err)
	}
	defer p.forking.Done()
	w := &Worker{id: id, primary: p, pid: o.Pid, life: newLifeline(), onLoop: newWorkerOnLoop()}
	a := &adoption{worker: w, options: o, served: map[string]bool{}}
	w.onLoop.adoption = a
	if called := p.loop.Call(func() { err = a.begin(parent, child) }); errors.Join(called, err) != nil {
		return nil, fmt.Errorf("cluster: adopt a worker: %w", errors.Join(called, err))
	}
	parent.Close()
	child.Close()
	return w, nil
}

// adoption is what an adopted worker has beside other workers: the channel to its own primary. All methods run on the loop, and those of
// nil do nothing.
type adoption struct {
	worker  *Worker
	options AdoptOptions
	parent  *nodeipc.Channel
	primary nodeipc.LoopChannel // the same
	leaving bool                // the worker's own primary has asked it to leave, and what it has said for that waits
	served  map[string]bool     // the keys of the servers that the worker has of this primary
}

// firstAdoptedSeq is where the numbers of messages begin in a primary that has adopted workers. Those of their own primaries begin at 0, so that
// an answer tells which of the two has asked.
const firstAdoptedSeq = wire.MaxSeq / 2

func (a *adoption) begin(parent, child *os.File) (err error) {
	w := a.worker
	p := w.primary
	if a.parent, err = a.newChannel(parent, adoptingChannel{a}); err != nil {
		return err
	}
	channel, err := a.newChannel(child, adoptedChannel{workerChannel{w}})
	if err != nil {
		a.parent.Close()
		return err
	}
	p.onLoop.firstSeq = firstAdoptedSeq
	p.onLoop.seq = max(p.onLoop.seq, firstAdoptedSeq)
	w.child = &nodeipc.Child{Channel: channel}
	w.onLoop.channel.ForwardTo(a.primary)
	a.primary.ForwardTo(w.onLoop.channel)
	p.onLoop.workers[w.id] = w
	p.events.emit(ForkEvent{w})
	return nil
}

// newChannel makes a channel of a copy of a file's descriptor.
func (a *adoption) newChannel(f *os.File, handler nodeipc.Handler) (*nodeipc.Channel, error) {
	fd, err := bind.Dup(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	channel, err := nodeipc.NewChannel(fd, nodeipc.Options{
		Serialization: a.options.Serialization, NodeVersion: a.options.NodeVersion, MaxMessageSize: maxAdoptedMessage,
		Loop: a.worker.primary.loop, Handler: handler, Warn: a.worker.warn,
	})
	if err != nil {
		bind.CloseFD(fd)
	}
	return channel, err
}

// beforeListen is called before a socket is opened for what the worker asks for. It returns what to open, and what to call afterwards.
func (a *adoption) beforeListen(m *wire.FromWorker) (open *wire.FromWorker, done func(), err error) {
	done = func() {}
	if a == nil {
		return m, done, nil
	}
	if fd := wire.Integer(m.FD, -1); fd > 0 || fd == 0 && !m.IsPacket() {
		return a.ownDescriptor(m, fd)
	}
	if a.options.BeforeListen != nil {
		err = a.options.BeforeListen(addressFrom(&m.Server))
	}
	return m, done, err
}

var errOthersDescriptor = errors.New("the descriptor is another process's")

// ownDescriptor replaces a descriptor of the other primary's by one of this process's.
func (a *adoption) ownDescriptor(m *wire.FromWorker, fd int) (open *wire.FromWorker, done func(), err error) {
	if a.options.ListenFD == nil {
		return nil, nil, errOthersDescriptor
	}
	file, err := a.options.ListenFD(fd)
	if err != nil {
		return nil, nil, err
	}
	own := *m
	own.FD = strconv.AppendUint(nil, uint64(file.Fd()), 10)
	own.Offered = true
	return &own, func() { file.Close() }, nil
}

// serves notes that the worker has a server of this primary, whose end it will say.
func (a *adoption) serves(key string) {
	if a != nil {
		a.served[key] = true
	}
}

// passOn has the worker's own primary asked, and reports whether there is one.
func (a *adoption) passOn(m *wire.FromWorker) bool {
	if a == nil {
		return false
	}
	a.worker.onLoop.channel.Forward(m.Frame)
	return true
}

// leave is for a worker that its own primary asks to leave. What that says from now on reaches the worker when it is drained.
func (a *adoption) leave(frame []byte) {
	a.leaving = true
	a.primary.HoldForwarding()
	a.primary.Forward(frame)
	a.worker.primary.disconnect(a.worker)
	if a.worker.onLoop.drain.stage == told || a.worker.onLoop.drain.stage == staying {
		a.resume()
	}
}

// resume passes on what the worker's own primary has said since it has asked the worker to leave.
func (a *adoption) resume() {
	if a != nil {
		a.primary.ResumeForwarding()
	}
}

// endAdoptions ends the channels of adopted workers, with which the primary closes.
func (p *Primary) endAdoptions() {
	for _, w := range p.inOrder() {
		if a := w.onLoop.adoption; a != nil {
			w.child.Close()
			a.parent.Close()
		}
	}
}
