package cluster

import "context"

// WaitSocketsClosed waits until the worker has closed all sockets that were sent to it with this server key, as
// [nodeipc.Channel.WaitSocketsClosed] does: the handle that [Worker.SendHandle] sends has it, by its SetServerKey. Worker.Disconnect does not wait
// for such sockets, because no server of the worker's has accepted them.
func (w *Worker) WaitSocketsClosed(ctx context.Context, key string) error {
	return w.child.WaitSocketsClosed(ctx, key)
}
