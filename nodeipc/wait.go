package nodeipc

import (
	"context"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// await runs the channel's loop on the calling goroutine until over reports true, the channel has ended or ctx has ended. So what
// comes meanwhile needs no other goroutine to be woken. It reports whether it did. It does not on a channel with OnMessage, which
// is always called on a goroutine that IsCurrent knows.
func (c *Channel) await(ctx context.Context, over func() bool) bool {
	if c.options.OnMessage != nil {
		return false
	}
	// If others wait, the loop's goroutine would have to take over each time that this one leaves.
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

// beginWait is called by a goroutine that is going to wait for what the loop brings on another goroutine. endWait is called when
// it has waited.
func (c *Channel) beginWait() {
	c.waiters.Add(1)
	c.loop.Resume()
}

func (c *Channel) endWait() { c.waiters.Add(-1) }

// alarm wakes the loop when the context of the goroutine that drives it ends. The next one mostly has the same context.
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
