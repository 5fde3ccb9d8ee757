package nodeipc

import (
	"context"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// await waits until something has happened on the channel that over knows of, by running the channel's loop itself: what
// comes then needs no other goroutine to be woken. It says false where it may not, and has not waited: OnMessage is always
// called on a goroutine that IsCurrent knows.
func (c *Channel) await(ctx context.Context, over func() bool) bool {
	if c.options.OnMessage != nil {
		return false
	}
	// One who drives and leaves again and again would have to hand over to the loop's goroutine each time, if others
	// wait.
	if !c.ownLoop || c.waiters.Load() > 0 {
		return false
	}
	drove := c.loop.Drive(func() bool {
		c.alarm.watch(ctx, c.loop)
		return c.ended() || ctx.Err() != nil || over()
	})
	if c.waiters.Load() > 0 {
		c.loop.Resume()
	}
	return drove
}

// beginWait is called by a goroutine that is going to wait for what others bring from the loop, endWait when it has waited.
func (c *Channel) beginWait() {
	c.waiters.Add(1)
	c.loop.Resume()
}

func (c *Channel) endWait() { c.waiters.Add(-1) }

// alarm wakes the loop when the context of whoever drives it ends. The next one mostly has the same context.
type alarm struct {
	done <-chan struct{}
	stop func() bool
}

func (a *alarm) watch(ctx context.Context, loop *eventloop.Loop) {
	if done := ctx.Done(); done != a.done {
		a.end()
		if done != nil {
			a.done, a.stop = done, context.AfterFunc(ctx, loop.Wake)
		}
	}
}

func (a *alarm) end() {
	if a.stop != nil {
		a.stop()
	}
	*a = alarm{}
}
