package cluster

import (
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// An Event is something that has happened in a cluster. [Primary.Next] and every [Subscription] give events in the order in which
// they happened.
//
// Two are not about a worker, or not always: a [SetupEvent], which is the first event of all and comes again with each
// [Primary.Setup], and an [ErrorEvent], whose Worker is nil where it is about the primary. All others have a Worker. Those of one
// worker come in this order, among those of others:
//
//   - A [ForkEvent] comes first.
//   - An [OnlineEvent] comes at most once, and before any ListeningEvent. Programs that are not of Node's cluster need not send
//     what leads to either.
//   - [ListeningEvent], [ListenErrorEvent], [ListenPendingEvent] and [MessageEvent] come any number of times, in the order of what the
//     worker did; an [ErrorEvent] at any time.
//   - A [BlockedEvent] comes between the OnlineEvent and the DisconnectEvent, and an [UnblockedEvent] or the DisconnectEvent before the
//     next.
//   - A [DisconnectEvent] and an [ExitEvent] come once each, in either order. After the ExitEvent there are no ListeningEvents and
//     ListenErrorEvents, after the DisconnectEvent no MessageEvents either. The second of the two is the worker's last event, but
//     for ErrorEvents, and [Worker.Gone] is closed then.
//
// SetupEvent, ForkEvent, OnlineEvent, ListeningEvent, MessageEvent, DisconnectEvent and ExitEvent are those of Node's cluster module
// in a primary. The others are not: Node tells nobody in the primary why a worker could not listen.
type Event interface{ kind() kinds }

// kinds is a set of types of events.
type kinds uint

const (
	setupKind kinds = 1 << iota
	forkKind
	onlineKind
	listeningKind
	listenErrorKind
	listenPendingKind
	messageKind
	disconnectKind
	exitKind
	errorKind
	blockedKind
	unblockedKind

	allKinds = 1<<iota - 1

	// postponedKind goes to those that name it alone.
	postponedKind = allKinds + 1
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

// ListenErrorEvent: a server in the worker could not listen.
type ListenErrorEvent struct {
	Worker *Worker
	// Address is where the server was to listen.
	Address Address
	// Err says where and why, and holds the [syscall.Errno] that the worker was told.
	Err error
}

// ListenPendingEvent: a server in a worker on standby is to listen on a socket that the workers share. It waits for that until the worker
// is activated, and only then it is known whether it can. See Settings.Standby.
type ListenPendingEvent struct {
	Worker *Worker
	// Address is where the server is to listen.
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

// PostponedEvent: [Settings.OnMessage] has put a message off. It goes to subscriptions that name it, and to no other reader. Its message has
// no handle.
type PostponedEvent struct {
	Worker  *Worker
	Message nodeipc.Message
}

// DisconnectEvent: the channel to the worker has ended.
type DisconnectEvent struct {
	Worker *Worker
	// Err is what the channel broke of, such as [nodeipc.ErrProtocol], and names the worker. It is nil when the channel ended in
	// order: either side has closed it, or the process has ended, but for one that was killed within a message
	// ([io.ErrUnexpectedEOF]). No ErrorEvent tells of it.
	Err error
}

// ExitEvent: the worker's process has ended.
type ExitEvent struct {
	Worker *Worker
	Status nodeipc.ExitStatus
}

// ErrorEvent: something went wrong that no other event or call tells of. Worker is nil where it is not about one.
type ErrorEvent struct {
	Worker *Worker
	Err    error
}

// BlockedEvent: the worker's event loop has not moved for [Settings.MaxLag], which its lag has shown: see [Worker.Lag]. It gets no
// connections that the primary hands out until it moves, and [Worker.SuspendConnections] has it get none of the others either.
type BlockedEvent struct {
	Worker *Worker
	// For is how long it has not moved for sure.
	For time.Duration
}

// UnblockedEvent: the event loop of a worker that was blocked moves again.
type UnblockedEvent struct {
	Worker *Worker
	// After is how long it had not moved.
	After time.Duration
}

func (SetupEvent) kind() kinds         { return setupKind }
func (ForkEvent) kind() kinds          { return forkKind }
func (OnlineEvent) kind() kinds        { return onlineKind }
func (ListeningEvent) kind() kinds     { return listeningKind }
func (ListenErrorEvent) kind() kinds   { return listenErrorKind }
func (ListenPendingEvent) kind() kinds { return listenPendingKind }
func (MessageEvent) kind() kinds       { return messageKind }
func (PostponedEvent) kind() kinds     { return postponedKind }
func (DisconnectEvent) kind() kinds    { return disconnectKind }
func (ExitEvent) kind() kinds          { return exitKind }
func (ErrorEvent) kind() kinds         { return errorKind }
func (BlockedEvent) kind() kinds       { return blockedKind }
func (UnblockedEvent) kind() kinds     { return unblockedKind }
