package cluster

import (
	"context"
	"iter"
)

// Next waits for the next event. Events wait for it in their order, from the primary's beginning on. When messages
// of a worker wait in too large a number, it is no longer read until some are taken. After [Primary.Close] and the
// last event it returns ErrClosed, and before that ctx's error when that ends first.
func (p *Primary) Next(ctx context.Context) (Event, error) { return p.events.own.Next(ctx) }

// Events are all that Next gives until it fails.
func (p *Primary) Events(ctx context.Context) iter.Seq[Event] { return p.events.own.Events(ctx) }

// Subscribe adds a reader that gets every event from now on, in order, whatever Next and other readers take. If types of events
// are named, by zero values such as ExitEvent{}, it gets events of these types alone. The handle of a message goes to
// [Primary.Next] only: a MessageEvent has none here. The caller must take the events or call [Subscription.Close].
func (p *Primary) Subscribe(only ...Event) *Subscription { return p.events.subscribe(kindsOf(only)) }
