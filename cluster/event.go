package cluster

import "github.com/nodecluster/nodecluster/nodeipc"

// An Event is something that has happened in a cluster: a [SetupEvent], [ForkEvent], [OnlineEvent], [ListeningEvent],
// [MessageEvent], [DisconnectEvent], [ExitEvent] or [ErrorEvent]. All but the last are Node's events of a cluster's primary.
type Event interface{ kind() kinds }

// kinds is a set of types of events.
type kinds uint

const (
	setupKind kinds = 1 << iota
	forkKind
	onlineKind
	listeningKind
	messageKind
	disconnectKind
	exitKind
	errorKind

	allKinds = 1<<iota - 1
)

// kindsOf is the set of the types of some events, and of all types if there are none.
func kindsOf(events []Event) (set kinds) {
	if len(events) == 0 {
		return allKinds
	}
	for _, e := range events {
		set |= e.kind()
	}
	return set
}

// SetupEvent: the settings were made or changed.
type SetupEvent struct{ Settings Settings }

// ForkEvent: a worker's process was started.
type ForkEvent struct{ Worker *Worker }

// OnlineEvent: the worker runs.
type OnlineEvent struct{ Worker *Worker }

// ListeningEvent: a server in the worker listens.
type ListeningEvent struct {
	Worker  *Worker
	Address Address
}

// MessageEvent: the worker has sent a message.
//
// A handle that came with it, Message.Handle, is lent. It is closed when the program is done with the event, unless it was
// converted (Conn, Listener …) or sent on meanwhile, which leaves it empty, or taken with [MessageEvent.TakeHandle]:
//
//   - [Primary.Events] closes it when the loop's body ends. Several loops at once do not disturb each other.
//   - [Primary.Next] closes it when Next is called again, and so it is for one goroutine. Once Next was called while another call
//     of it was waiting, it closes none any more, because nobody can tell which caller is done: each handle is then its
//     caller's to close. Where several goroutines take events, use Events in each.
//   - [Primary.Close] closes those that nobody has got, and that of the event which Next has given last.
type MessageEvent struct {
	Worker  *Worker
	Message nodeipc.Message
}

// DisconnectEvent: the channel to the worker has ended. It comes before or after the worker's ExitEvent.
type DisconnectEvent struct{ Worker *Worker }

// ExitEvent: the worker's process has ended.
type ExitEvent struct {
	Worker *Worker
	Status nodeipc.ExitStatus
}

// ErrorEvent: something went wrong that nobody else is told of. Worker is nil where it is not about one.
type ErrorEvent struct {
	Worker *Worker
	Err    error
}

func (SetupEvent) kind() kinds      { return setupKind }
func (ForkEvent) kind() kinds       { return forkKind }
func (OnlineEvent) kind() kinds     { return onlineKind }
func (ListeningEvent) kind() kinds  { return listeningKind }
func (MessageEvent) kind() kinds    { return messageKind }
func (DisconnectEvent) kind() kinds { return disconnectKind }
func (ExitEvent) kind() kinds       { return exitKind }
func (ErrorEvent) kind() kinds      { return errorKind }

// Address is where a server in a worker listens, as the worker said it.
type Address struct {
	// Address is an IP address or a path; empty for the unspecified address.
	Address string
	// Port is -1 for a path or a descriptor.
	Port int
	// AddressType is Node's word for it: 4 or 6 for TCP, -1 for a path, "udp4" or "udp6".
	AddressType string
	// FD is the descriptor that the server was made of, -1 for none.
	FD int
}
