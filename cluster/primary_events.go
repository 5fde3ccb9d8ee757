package cluster

import (
	"context"
	"iter"
)

// Next waits for the next event. Events wait for it in their order, from the primary's beginning on. After [Primary.Close] and
// the last event it returns ErrClosed, and before that ctx's error when that ends first.
//
// Of one worker 16 MiB of events may wait, where a message costs 512 bytes beside its own and a handle 64 KiB. A worker that
// sends more is held back for a program that goes on to take events: its channel is not read until some are taken, so that none
// are lost. A program that takes no event for a second while so much waits is idle. The worker goes on then, and gets
// connections, but its further messages and their handles are dropped, and so are those of any worker beyond 64 MiB in all. Of
// events that no worker can cause at will, such as the ExitEvent, 8192 wait for such a program. An [ErrorEvent] that matches
// [ErrNotTaken] stands in the place of what was dropped.
func (p *Primary) Next(ctx context.Context) (Event, error) { return p.events.own.Next(ctx) }

// Events are all that Next gives until it fails. A loop may end early: what comes then waits as for Next. [MessageEvent] says until
// when a handle is open.
func (p *Primary) Events(ctx context.Context) iter.Seq[Event] { return p.events.own.Events(ctx) }

// Subscribe adds a reader that gets every event from now on, in order, whatever Next and other readers take. If types of events
// are named, by zero values such as ExitEvent{}, it gets events of these types alone. The handle of a message goes to
// [Primary.Next] only: a MessageEvent has none here. What waits for it is bounded as for Next, and a worker is held back for any
// reader that is not idle: a subscription that is not read any more is to be closed with [Subscription.Close]. With
// [Subscription.KeepAll] a reader is never idle.
func (p *Primary) Subscribe(only ...Event) *Subscription { return p.events.subscribe(kindsOf(only)) }

// EmitError adds an [ErrorEvent] to the events of all readers, as emit('error', …) of Node's cluster does. It is for a program that
// keeps workers running, so that what it has to say of them stands in order among what happens to them. The worker may be nil.
// After Close nobody hears of it.
func (p *Primary) EmitError(w *Worker, err error) { p.events.emit(ErrorEvent{w, err}) }
